internal import Cryptography
internal import Glibc
internal import SecretMemory
internal import Wire

/// Reads the fields `key=value` of a line in the order in which they must stand, one space between
/// two of them.
///
/// Every value has one spelling: what is read is what would be written. The line has passed
/// `ChecksummedLine.check`, so that everything in it is printable ASCII.
struct LineReader: ~Copyable, ~Escapable {
  private var rest: RawSpan

  @_lifetime(copy line)
  init(_ line: RawSpan) { rest = line }

  /// Whether the next field has this key and a value that starts so.
  func isNext(_ key: StaticString, valueStarting prefix: String = "") -> Bool {
    rest.starts(with: "\(key)=\(prefix)")
  }

  /// Whether every field has been read.
  var isAtEnd: Bool { rest.byteCount == 0 }

  /// The value of the next field, which must have this key. Never empty.
  @_lifetime(copy self)
  mutating func value(_ key: StaticString) throws(LineFault) -> RawSpan {
    guard isNext(key) else { throw .invalid(key) }
    let start = key.utf8CodeUnitCount + 1
    var end = start
    while end < rest.byteCount, rest.byte(at: end) != UInt8(ascii: " ") { end += 1 }
    let value = rest.extracting(start..<end)
    // A space is there for the sake of another field.
    guard value.byteCount > 0, end != rest.byteCount - 1 else { throw .invalid(key) }
    rest = rest.extracting(droppingFirst: min(end + 1, rest.byteCount))
    return value
  }

  /// A value that is public.
  mutating func text(_ key: StaticString) throws(LineFault) -> String {
    String(decoding: [UInt8](try value(key)), as: UTF8.self)
  }

  mutating func name(_ key: StaticString) throws(LineFault) -> PrincipalName {
    guard let name = PrincipalName(try text(key)) else { throw .invalid(key) }
    return name
  }

  mutating func number<Value: FixedWidthInteger>(
    _ key: StaticString, as type: Value.Type = Value.self
  ) throws(LineFault) -> Value {
    guard let number = decimal(try text(key), as: type) else { throw .invalid(key) }
    return number
  }

  mutating func moment(_ key: StaticString) throws(LineFault) -> Timestamp {
    Timestamp(milliseconds: try number(key))
  }

  /// `prefix`, then base 64 of exactly `count` bytes.
  mutating func secret(
    _ key: StaticString, prefix: String = "", count: Int
  ) throws(LineFault) -> SecretBytes {
    let value = try value(key)
    guard value.starts(with: prefix),
      let bytes = Base64.decode(value.extracting(droppingFirst: prefix.utf8.count)),
      bytes.count == count
    else { throw .invalid(key) }
    return bytes
  }

  /// The same for what is public.
  mutating func bytes(
    _ key: StaticString, prefix: String = "", count: Int
  ) throws(LineFault) -> [UInt8] {
    let value = try secret(key, prefix: prefix, count: count)
    return [UInt8](value.bytes)
  }

  /// The same for what may be absent: empty when the value is `-`.
  mutating func optionalBytes(_ key: StaticString, count: Int) throws(LineFault) -> [UInt8] {
    guard rest.starts(with: "\(key)=- ") else { return try bytes(key, count: count) }
    _ = try value(key)
    return []
  }

  /// Refuses text after the last field.
  func finish() throws(LineFault) {
    guard isAtEnd else { throw .trailingText }
  }
}

/// A decimal number without sign or leading zeros.
func decimal<Value: FixedWidthInteger>(
  _ text: some StringProtocol, as _: Value.Type = Value.self
) -> Value? {
  guard let number = Value(text), String(number) == text else { return nil }
  return number
}

/// The address that `NetworkAddress.host` tells as `host`.
func networkAddress(host: some StringProtocol, port: UInt16) -> NetworkAddress? {
  let family = host.contains(":") ? AF_INET6 : AF_INET
  var ip = [UInt8](repeating: 0, count: family == AF_INET6 ? 16 : 4)
  let isRead = unsafe ip.withUnsafeMutableBytes { bytes in
    unsafe inet_pton(family, String(host), bytes.baseAddress) == 1
  }
  guard isRead, let address = NetworkAddress(ip: ip, port: port), address.host == host else {
    return nil
  }
  return address
}
