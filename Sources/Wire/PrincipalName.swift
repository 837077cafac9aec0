internal import SecretMemory

/// The name of a user or a service in a realm (RFC 4120 calls both principals).
///
/// 1 to 64 bytes of `a-z`, `0-9`, `.`, `_` and `-`, the first one a letter or a digit. There is one
/// spelling of every name, and nothing in it can hurt a log line, a terminal or a file name.
public struct PrincipalName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// In ASCII.
  public static let byteLimit = 64
  /// How many bytes a name takes in a message: its length, then the name padded with zeros.
  public static let paddedByteCount = 1 + byteLimit

  // No string: every request has a name or two, which are copied along its way.
  private let padded: FixedBytes<64>
  private let byteCount: UInt8

  /// Nil unless `text` is a name.
  public init?(_ text: String) {
    unsafe self.init(text.utf8.span.bytes)
  }

  /// Nil unless `bytes` are a name.
  public init?(_ bytes: RawSpan) {
    guard Self.isName(bytes) else { return nil }
    padded = FixedBytes(padding: bytes)
    byteCount = UInt8(bytes.byteCount)
  }

  /// The name as it is spelled.
  public var spelling: RawSpan {
    @_lifetime(borrow self)
    borrowing get { padded.bytes.extracting(first: Int(byteCount)) }
  }

  /// The same in an array.
  public var bytes: [UInt8] { [UInt8](spelling) }

  public var description: String {
    unsafe spelling.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// Whether `bytes` are a name.
  public static func isName(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let first = unsafe bytes.first, bytes.count <= byteLimit else { return false }
      return unsafe isAlphanumeric(first) && bytes.allSatisfy(isAllowed)
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "-")
  }

  // What a name is padded with comes before everything that can be in it.
  public static func < (left: PrincipalName, right: PrincipalName) -> Bool {
    left.padded.bytes.order(to: right.padded.bytes) < 0
  }

  public func hash(into hasher: inout Hasher) {
    unsafe spelling.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }

  fileprivate func write(to message: inout ByteWriter) {
    message.uint8(byteCount)
    message.bytes(padded.bytes)
  }
}

extension ByteWriter {
  /// A name in its padded form, whose length tells nothing.
  public mutating func name(_ name: PrincipalName) {
    name.write(to: &self)
  }

  /// A name or, in as many bytes, none: zeros.
  public mutating func optionalName(_ name: PrincipalName?) {
    if let name { self.name(name) } else { zeros(PrincipalName.paddedByteCount) }
  }
}

extension ByteReader {
  /// A name in its padded form; refused unless it is a name and its padding is zero.
  @_lifetime(self: copy self)
  public mutating func name() throws(WireError) -> PrincipalName {
    guard let name = try optionalName() else { throw .invalid("name") }
    return name
  }

  /// The same, where nothing but zeros is no name.
  @_lifetime(self: copy self)
  public mutating func optionalName() throws(WireError) -> PrincipalName? {
    let count = Int(try uint8())
    let field = try span(PrincipalName.byteLimit)
    guard count <= field.byteCount, field.extracting(droppingFirst: count).isZero else {
      throw .invalid("name")
    }
    if count == 0 { return nil }
    guard let name = PrincipalName(field.extracting(first: count)) else { throw .invalid("name") }
    return name
  }
}
