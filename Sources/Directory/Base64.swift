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
    guard text.byteCount % 4 == 0 else { return nil }
    var paddingCount = 0
    while paddingCount < min(2, text.byteCount),
      text.byte(at: text.byteCount - 1 - paddingCount) == padding
    {
      paddingCount += 1
    }
    let count = text.byteCount / 4 * 3 - paddingCount
    var isValid = true
    let decoded = SecretBytes(count: count) { output in
      var pending: UInt32 = 0
      var bits: UInt32 = 0
      var written = 0
      for position in 0..<(text.byteCount - paddingCount) {
        guard let value = value(of: text.byte(at: position)) else {
          isValid = false
          return
        }
        pending = pending << 6 | value
        bits += 6
        guard bits >= 8 else { continue }
        bits -= 8
        output.storeBytes(
          of: UInt8(truncatingIfNeeded: pending >> bits), toByteOffset: written, as: UInt8.self)
        written += 1
        pending &= (1 << bits) - 1
      }
      isValid = pending == 0 && written == count
    }
    guard isValid else { return nil }
    return decoded
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}

extension RawSpan {
  /// One byte. An offset outside is our own mistake.
  func byte(at offset: Int) -> UInt8 {
    // Every bit pattern is a byte, and the offset is checked.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
