internal import Cryptography
internal import SecretMemory
internal import Wire

/// One line of an audit file, taken apart: `{"n":NUMBER,...,"mac":"HEX"}` without the newline. What
/// the rest says is not looked at here.
public struct AuditRecord {
  public let number: UInt64
  /// The line up to the MAC: what the MAC covers.
  let content: ArraySlice<UInt8>
  let mac: [UInt8]

  static let start = [UInt8](#"{"n":"#.utf8)
  static let beforeMAC = [UInt8](#","mac":""#.utf8)
  static let end = [UInt8](#""}"#.utf8)
  private static let checkpointMark = [UInt8](#"","event":"checkpoint","#.utf8)
  /// `"time":"` and the 24 letters of a moment.
  private static let timeByteCount = 8 + 24

  /// Nil unless the line has this form, in its one spelling.
  public init?(_ line: [UInt8]) {
    guard line.count > Self.tailByteCount, line.starts(with: Self.start) else { return nil }
    content = line[..<(line.count - Self.tailByteCount)]
    let rest = line[content.endIndex...]
    guard rest.starts(with: Self.beforeMAC), rest.suffix(Self.end.count).elementsEqual(Self.end),
      let mac = Hexadecimal.decode(rest.dropFirst(Self.beforeMAC.count).dropLast(Self.end.count))
    else { return nil }
    self.mac = mac
    let digits = content.dropFirst(Self.start.count).prefix { $0 != UInt8(ascii: ",") }
    guard digits.endIndex < content.endIndex,
      let number = UInt64(String(decoding: digits, as: UTF8.self)),
      String(number).utf8.elementsEqual(digits)
    else { return nil }
    self.number = number
  }

  /// The length of what `tail` gives.
  public static let tailByteCount = beforeMAC.count + 2 * HMACSHA256.byteCount + end.count

  /// What the line of a record with this MAC ends with.
  public static func tail(mac: [UInt8]) -> [UInt8] {
    var tail: [UInt8] = []
    appendTail(mac: mac, to: &tail)
    return tail
  }

  static func appendTail(mac: [UInt8], to line: inout [UInt8]) {
    line += beforeMAC
    Hexadecimal.append(mac, to: &line)
    line += end
  }

  var isCheckpoint: Bool {
    let place = Self.start.count + String(number).utf8.count + 1 + Self.timeByteCount
    return content.dropFirst(place).starts(with: Self.checkpointMark)
  }

  /// The MAC that the record should have.
  func mac(after former: [UInt8], under macKey: RawSpan) -> [UInt8] {
    Self.mac(of: content, number: number, after: former, under: macKey)
  }

  static func mac(
    of content: ArraySlice<UInt8>, number: UInt64, after former: [UInt8], under macKey: RawSpan
  ) -> [UInt8] {
    var message = ByteWriter(.record)
    message.uint64(number)
    message.bytes(former.bytes)
    unsafe message.bytes(content.span.bytes)
    return HMACSHA256.authenticate(message.written, key: macKey)
  }

  /// The head of the hash chain once a line is in it.
  static func head(after former: [UInt8], line: RawSpan) -> [UInt8] {
    var message = ByteWriter(.line)
    message.bytes(former.bytes)
    message.bytes(line)
    return SHA256.hash(message.written)
  }
}
