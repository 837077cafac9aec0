import Cryptography
import Glibc
import SecretMemory
import Testing

/// What is left of a key in memory that has been given back to the allocator.
struct FreedMemoryTests {
  @Test func noKeyOfAStreamIsLeft() async {
    // In a process of its own: nobody else maps or unmaps memory meanwhile.
    await #expect(processExitsWith: .success) { exit(try searchAfterUse()) }
  }
}

/// 0 when a key is found while a cipher has it, and not afterwards.
private func searchAfterUse() throws -> CInt {
  var random = SystemRandom()
  let key = random.secret(32)
  let search = Search(for: key)
  var isFoundInUse = false
  try useCipher(key) { isFoundInUse = search.finds() }
  return isFoundInUse && !search.finds() ? 0 : 1
}

/// Seals and opens chunks of several sizes; calls `check` while the cipher still has the key.
private func useCipher(_ key: consuming SecretBytes, check: () -> Void) throws {
  let cipher = BulkCipher(key)
  let nonce = [UInt8](repeating: 0, count: 12)
  for size in [5, 4096, 1 << 19] {
    let sealed = cipher.seal([UInt8](repeating: 1, count: size).bytes, nonce: nonce.bytes)
    _ = try cipher.open(sealed.bytes, nonce: nonce.bytes)
  }
  check()
  withExtendedLifetime(cipher) {}
}

/// Looks for bytes in all that this process has in memory, without having them there itself.
private struct Search {
  private static let mask: UInt8 = 0x5a
  private let masked: [UInt8]

  init(for secret: borrowing SecretBytes) {
    var masked: [UInt8] = []
    for offset in 0..<secret.count {
      masked.append(
        unsafe secret.bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) ^ Self.mask)
    }
    self.masked = masked
  }

  func finds() -> Bool { unsafe Self.memory().contains { unsafe occurs(in: $0) } }

  private func occurs(in memory: UnsafeRawBufferPointer) -> Bool {
    guard let base = memory.baseAddress else { return false }
    var start = 0
    while let hit = unsafe memchr(base + start, CInt(masked[0] ^ Self.mask), memory.count - start) {
      start = unsafe base.distance(to: hit)
      guard memory.count - start >= masked.count else { return false }
      if masked.indices.allSatisfy({ unsafe memory[start + $0] ^ Self.mask == masked[$0] }) {
        return true
      }
      start += 1
    }
    return false
  }

  /// Heap, stacks and whatever else is writable and no file's.
  private static func memory() -> [UnsafeRawBufferPointer] {
    guard let maps = unsafe fopen("/proc/self/maps", "r") else { exit(4) }
    defer { unsafe fclose(maps) }
    var line = [CChar](repeating: 0, count: 512)
    var found: [UnsafeRawBufferPointer] = unsafe []
    while unsafe fgets(&line, 512, maps) != nil {
      let text = line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      let words = String(decoding: text, as: UTF8.self).split(separator: " ")
      let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words[1].hasPrefix("rw"), words[4] == "0", bounds.count == 2 else { continue }
      unsafe found.append(
        UnsafeRawBufferPointer(
          start: UnsafeRawPointer(bitPattern: bounds[0]), count: Int(bounds[1] - bounds[0])))
    }
    return unsafe found
  }
}
