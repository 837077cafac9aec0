internal import SecretMemory

/// Base 64 (RFC 4648, section 4) with padding, as the text files write keys and salts.
///
/// Decoded bytes are treated as secret, since a digest may be among them. There is one spelling of
/// every value: unused bits are zero and nothing but the alphabet and its padding is accepted.
enum Base64 {
  private static let alphabet = [UInt8](
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for offset in 0..<3 {
        bits = bits << 8 | (offset < group.count ? UInt32(group[start + offset]) : 0)
      }
      for digit in 0..<4 {
        let value = Int(bits >> UInt32(18 - 6 * digit) & 63)
        text.append(digit <= group.count ? alphabet[value] : padding)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless `text` is what `encode` writes for some bytes.
  static func decode(_ text: RawSpan) -> SecretBytes? {
    guard let count = decodedCount(text) else { return nil }
    return SecretBytes(count: count) { write(text, to: &$0) }
  }

  /// The same for what is public, and empty when `text` stands for nothing.
  static func publicBytes(_ text: RawSpan) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: decodedCount(text) ?? 0)
    var span = bytes.mutableSpan
    var output = unsafe span.mutableBytes
    write(text, to: &output)
    return bytes
  }

  /// Decodes what has passed `decodedCount`, as much as `output` takes.
  private static func write(_ text: RawSpan, to output: inout MutableRawSpan) {
    let values = values
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    var position = 0
    for written in 0..<output.byteCount {
      while bits < 8 {
        pending = pending << 6 | UInt32(values[Int(text.byte(at: position))])
        bits += 6
        position += 1
      }
      bits -= 8
      output.storeBytes(
        of: UInt8(truncatingIfNeeded: pending >> bits), toByteOffset: written, as: UInt8.self)
      pending &= (1 << bits) - 1
    }
  }

  /// How many bytes `text` stands for; nil unless it is what `encode` writes for some bytes.
  static func decodedCount(_ text: RawSpan) -> Int? {
    guard text.byteCount % 4 == 0 else { return nil }
    guard text.byteCount > 0 else { return 0 }
    var end = text.byteCount
    while end > text.byteCount - 2, text.byte(at: end - 1) == padding { end -= 1 }
    let values = values
    let all = unsafe text.extracting(first: end).withUnsafeBytes { digits in
      unsafe digits.reduce(0) { $0 | values[Int($1)] }
    }
    guard all < 64 else { return nil }
    // Bits of the last digit that belong to no byte are zero.
    let unused: UInt8 = [0, 0b11, 0b1111][text.byteCount - end]
    guard values[Int(text.byte(at: end - 1))] & unused == 0 else { return nil }
    return end * 6 / 8
  }

  /// The value of each digit by its character; more than 63 for what is none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
  }()
}
