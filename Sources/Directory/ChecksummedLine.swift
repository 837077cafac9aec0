internal import Cryptography
internal import SecretMemory

/// The form that lines of the user and the presence file share: fields, a space, and `sum=` with
/// the first 8 bytes of the SHA-256 over everything before that space, in hexadecimal.
///
/// The sum tells a torn or damaged line from a whole one. It is no protection against anybody who
/// may write the file.
enum ChecksummedLine {
  /// The longest line, without its newline.
  static let byteLimit = 1024

  private static let label = " sum="
  private static let sumByteCount = 8

  /// `fields` with the checksum after them.
  static func text(_ fields: String) -> String {
    fields + label + sum([UInt8](fields.utf8).bytes)
  }

  /// Refuses a line that no line of ours can look like, whatever its fields are.
  static func check(_ line: RawSpan) throws(LineFault) {
    guard line.byteCount <= byteLimit else { throw .tooLong }
    for position in 0..<line.byteCount {
      guard (0x20...0x7e).contains(line.byte(at: position)) else { throw .unprintable }
    }
  }

  /// Whether the line ends with a checksum, right or wrong.
  static func hasSum(_ line: RawSpan) -> Bool { labelOffset(line) != nil }

  /// The fields of a line whose checksum is right.
  @_lifetime(copy line)
  static func fields(_ line: RawSpan) throws(LineFault) -> RawSpan {
    guard let offset = labelOffset(line) else { throw .checksum }
    let fields = line.extracting(first: offset)
    let found = line.extracting(droppingFirst: offset + label.utf8.count)
    guard [UInt8](sum(fields).utf8) == [UInt8](found) else { throw .checksum }
    return fields
  }

  private static func labelOffset(_ line: RawSpan) -> Int? {
    let offset = line.byteCount - label.utf8.count - sumByteCount * 2
    guard offset >= 0, line.extracting(droppingFirst: offset).starts(with: label) else {
      return nil
    }
    return offset
  }

  private static func sum(_ fields: RawSpan) -> String {
    hexadecimal(SHA256.hash(fields).prefix(sumByteCount))
  }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  var text = ""
  for byte in bytes {
    text += byte < 16 ? "0" : ""
    text += String(byte, radix: 16)
  }
  return text
}

extension RawSpan {
  /// Whether the first bytes are those of `text`.
  func starts(with text: String) -> Bool {
    let expected = text.utf8
    guard byteCount >= expected.count else { return false }
    return expected.enumerated().allSatisfy { offset, byte in self.byte(at: offset) == byte }
  }
}
