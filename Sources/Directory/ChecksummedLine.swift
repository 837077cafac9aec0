internal import Cryptography
internal import Glibc
internal import SecretMemory
internal import Wire

/// The form that lines of the user and the presence file share: fields, a space, and `sum=` with
/// the first 8 bytes of the SHA-256 over everything before that space, in hexadecimal.
///
/// The sum tells a torn or damaged line from a whole one. It is no protection against anybody who
/// may write the file.
enum ChecksummedLine {
  /// The longest line, without its newline.
  static let byteLimit = 1024

  private static let label: StaticString = " sum="
  private static let sumByteCount = 8

  /// `fields` with the checksum after them.
  static func text(_ fields: String) -> String {
    fields + "\(label)" + sum([UInt8](fields.utf8).bytes)
  }

  /// Refuses a line that no line of ours can look like, whatever its fields are.
  static func check(_ line: RawSpan) throws(LineFault) {
    guard line.byteCount <= byteLimit else { throw .tooLong }
    // Space is the first printable character, and 0x7e the last. Without a way out of the loop many
    // bytes are looked at in one step.
    let furthest = unsafe line.withUnsafeBytes { line in
      unsafe line.reduce(UInt8(0)) { max($0, $1 &- 0x20) }
    }
    guard furthest <= 0x7e - 0x20 else { throw .unprintable }
  }

  /// Whether the line ends with a checksum, right or wrong.
  static func hasSum(_ line: RawSpan) -> Bool { labelOffset(line) != nil }

  /// The fields of a line whose checksum is right.
  @_lifetime(copy line)
  static func fields(_ line: RawSpan) throws(LineFault) -> RawSpan {
    guard let offset = labelOffset(line) else { throw .checksum }
    let fields = line.extracting(first: offset)
    guard isSum(line.extracting(last: sumByteCount * 2), of: fields) else { throw .checksum }
    return fields
  }

  private static func labelOffset(_ line: RawSpan) -> Int? {
    let offset = line.byteCount - label.utf8CodeUnitCount - sumByteCount * 2
    guard offset >= 0, line.extracting(droppingFirst: offset).starts(with: label) else {
      return nil
    }
    return offset
  }

  private static func sum(_ fields: RawSpan) -> String {
    Hexadecimal.encode(SHA256.hash(fields).prefix(sumByteCount))
  }

  /// Whether `text` is what `sum` tells of these fields.
  private static func isSum(_ text: RawSpan, of fields: RawSpan) -> Bool {
    let hash = SHA256.inlineHash(fields)
    return (0..<sumByteCount).allSatisfy { position in
      text.byte(at: 2 * position) == Hexadecimal.digit(hash[position] >> 4)
        && text.byte(at: 2 * position + 1) == Hexadecimal.digit(hash[position] & 15)
    }
  }
}

extension RawSpan {
  /// Whether the first bytes are those of `text`.
  func starts(with text: String) -> Bool {
    let expected = text.utf8
    guard byteCount >= expected.count else { return false }
    return expected.enumerated().allSatisfy { offset, byte in self.byte(at: offset) == byte }
  }

  /// The same for text that is known when the program is built: asked for every field of a line.
  func starts(with text: StaticString) -> Bool {
    guard byteCount >= text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { expected in
      unsafe withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress, let text = expected.baseAddress else { return true }
        return unsafe memcmp(start, text, expected.count) == 0
      }
    }
  }
}
