import Foundation

/// Finds secrets in much memory, in one pass: also what is left of them when a part has been
/// written over, as the allocator does with the first 16 bytes of what is freed.
struct SecretPatterns {
  private struct Pattern {
    let name: String
    let bytes: [UInt8]
  }

  /// Any eight bytes in a row of a secret, counted from a multiple of eight, are a finding.
  private static let windowByteCount = 8
  private static let pageByteCount = 4096

  private var patterns: [UInt64: [Pattern]] = [:]
  /// Whether there is a pattern whose first bytes hash to an index.
  private var isCandidate = [Bool](repeating: false, count: 1 << 16)

  init(_ secrets: [SecretSearch.Secret]) {
    for secret in secrets {
      for form in secret.forms where form.name == "raw" {
        add(secret.name, windowsOf: form.bytes, Self.windowByteCount)
        // As a key lies in the inner and the outer block of an HMAC (RFC 2104).
        for pad: UInt8 in [0x36, 0x5c] {
          add(
            "\(secret.name) in an HMAC", windowsOf: form.bytes.map { $0 ^ pad },
            Self.windowByteCount)
        }
      }
      for form in secret.forms where form.name != "raw" {
        add("\(secret.name) as \(form.name)", windowsOf: form.bytes, 2 * Self.windowByteCount)
      }
    }
  }

  private mutating func add(_ name: String, windowsOf bytes: [UInt8], _ count: Int) {
    for start in stride(from: 0, through: max(0, bytes.count - count), by: 8) {
      let window = Array(bytes[start...].prefix(count))
      precondition(window.count >= 8, "too short to look for")
      let head = window[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      patterns[head, default: []].append(Pattern(name: name, bytes: window))
      isCandidate[Self.hash(head)] = true
    }
  }

  @inline(__always)
  private static func hash(_ head: UInt64) -> Int {
    Int(truncatingIfNeeded: (head &* 0x9e37_79b9_7f4a_7c15) >> 48)
  }

  func names(in memory: UnsafeRawBufferPointer) -> Set<String> {
    var found: Set<String> = []
    guard let start = memory.baseAddress else { return found }
    let bytes = unsafe start.assumingMemoryBound(to: UInt8.self)
    let zeros = [UInt8](repeating: 0, count: Self.pageByteCount)
    unsafe isCandidate.withUnsafeBufferPointer { candidates in
      let candidates = candidates.baseAddress
      var head: UInt64 = 0
      var index = 0
      while index < memory.count {
        if head == 0, index % Self.pageByteCount == 0, memory.count - index >= zeros.count,
          unsafe memcmp(bytes + index, zeros, zeros.count) == 0
        {
          index += zeros.count
          continue
        }
        head = unsafe head >> 8 | UInt64(bytes[index]) << 56
        index += 1
        guard unsafe candidates?[Self.hash(head)] == true, index >= 8 else { continue }
        for pattern in patterns[head] ?? [] where memory.count - index >= pattern.bytes.count - 8 {
          if unsafe memcmp(bytes + index - 8, pattern.bytes, pattern.bytes.count) == 0 {
            found.insert(pattern.name)
          }
        }
      }
    }
    return found
  }
}
