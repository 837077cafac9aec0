internal import Wire

/// Bytes as lower-case hexadecimal digits.
enum Hexadecimal {
  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
    text += unsafe [UInt8](unsafeUninitializedCapacity: 2 * bytes.count) { pairs, count in
      for byte in bytes {
        unsafe pairs.initializeElement(at: count, to: digit(byte >> 4))
        unsafe pairs.initializeElement(at: count + 1, to: digit(byte & 15))
        count += 2
      }
    }
  }

  /// Nil unless these are digits as `append` writes them.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2)
    var high: UInt8?
    for character in text {
      guard let value = value(of: character) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  /// The same of a text.
  static func decode(_ value: JSONValue?) -> [UInt8]? {
    value?.text.flatMap { decode([UInt8]($0.utf8)[...]) }
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
