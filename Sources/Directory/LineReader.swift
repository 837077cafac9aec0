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
  func isNext(_ key: StaticString, valueStarting prefix: StaticString = "") -> Bool {
    let start = key.utf8CodeUnitCount
    guard rest.starts(with: key), rest.byteCount > start,
      rest.byte(at: start) == UInt8(ascii: "=")
    else { return false }
    return rest.extracting(droppingFirst: start + 1).starts(with: prefix)
  }

  /// Whether every field has been read.
  var isAtEnd: Bool { rest.byteCount == 0 }

  /// The value of the next field, which must have this key. Never empty.
  @_lifetime(copy self)
  mutating func value(_ key: StaticString) throws(LineFault) -> RawSpan {
    guard isNext(key) else { throw .invalid(key) }
    let start = key.utf8CodeUnitCount + 1
    let space = rest.extracting(droppingFirst: start).firstOffset(of: UInt8(ascii: " "))
    let end = space.map { start + $0 } ?? rest.byteCount
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

  /// A name, spelled.
  @_lifetime(copy self)
  mutating func nameText(_ key: StaticString) throws(LineFault) -> RawSpan {
    let text = try value(key)
    guard PrincipalName.isName(text) else { throw .invalid(key) }
    return text
  }

  mutating func name(_ key: StaticString) throws(LineFault) -> PrincipalName {
    guard let name = PrincipalName(try value(key)) else { throw .invalid(key) }
    return name
  }

  /// The same for what may be absent: nil when the value is `-`.
  mutating func optionalName(_ key: StaticString) throws(LineFault) -> PrincipalName? {
    let text = try value(key)
    if text.byteCount == 1, text.byte(at: 0) == UInt8(ascii: "-") { return nil }
    guard let name = PrincipalName(text) else { throw .invalid(key) }
    return name
  }

  mutating func number<Value: FixedWidthInteger>(
    _ key: StaticString, as type: Value.Type = Value.self
  ) throws(LineFault) -> Value {
    guard let number = decimal(try value(key), as: type) else { throw .invalid(key) }
    return number
  }

  mutating func moment(_ key: StaticString) throws(LineFault) -> Timestamp {
    Timestamp(milliseconds: try number(key))
  }

  /// `prefix`, then base 64 of exactly `count` bytes: that base 64.
  @_lifetime(copy self)
  mutating func base64(
    _ key: StaticString, prefix: StaticString = "", count: Int
  ) throws(LineFault) -> RawSpan {
    let value = try value(key)
    guard value.starts(with: prefix) else { throw .invalid(key) }
    let text = value.extracting(droppingFirst: prefix.utf8CodeUnitCount)
    guard Base64.decodedCount(text) == count else { throw .invalid(key) }
    return text
  }

  /// The same for what may be absent: empty when the value is `-`.
  @_lifetime(copy self)
  mutating func optionalBase64(_ key: StaticString, count: Int) throws(LineFault) -> RawSpan {
    guard isNext(key, valueStarting: "- ") else { return try base64(key, count: count) }
    return try value(key).extracting(first: 0)
  }

  /// The bytes themselves, of what is public.
  mutating func bytes(
    _ key: StaticString, prefix: StaticString = "", count: Int
  ) throws(LineFault) -> [UInt8] {
    Base64.publicBytes(try base64(key, prefix: prefix, count: count))
  }

  /// Refuses text after the last field.
  func finish() throws(LineFault) {
    guard isAtEnd else { throw .trailingText }
  }
}

/// A decimal number without sign or leading zeros.
func decimal<Value: FixedWidthInteger>(_ text: RawSpan, as _: Value.Type = Value.self) -> Value? {
  guard text.byteCount == 1 || text.byteCount > 1 && text.byte(at: 0) != UInt8(ascii: "0") else {
    return nil
  }
  var number: Value = 0
  for position in 0..<text.byteCount {
    let digit = text.byte(at: position) &- UInt8(ascii: "0")
    guard digit < 10 else { return nil }
    let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: 10)
    let (sum, isTooLargeWithDigit) = shifted.addingReportingOverflow(Value(digit))
    guard !isTooLarge, !isTooLargeWithDigit else { return nil }
    number = sum
  }
  return number
}

/// Reads `192.0.2.7:60000` or `[2001:db8::1]:60000`.
func networkAddress(_ text: Substring) -> NetworkAddress? {
  guard let colon = text.lastIndex(of: ":"),
    let port = decimal([UInt8](text[text.index(after: colon)...].utf8).bytes, as: UInt16.self)
  else { return nil }
  let host = text[..<colon]
  let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
  guard let address = networkAddress(host: [UInt8](bare.utf8).bytes, port: port),
    address.description == text
  else { return nil }
  return address
}

/// The address that `NetworkAddress.host` tells as `host`.
func networkAddress(host: RawSpan, port: UInt16) -> NetworkAddress? {
  if let ip = dottedIP(host) { return NetworkAddress(ip: ip, port: port) }
  let text = String(decoding: [UInt8](host), as: UTF8.self)
  var ip = [UInt8](repeating: 0, count: 16)
  let isRead = unsafe ip.withUnsafeMutableBytes { bytes in
    unsafe inet_pton(AF_INET6, text, bytes.baseAddress) == 1
  }
  guard isRead, let address = NetworkAddress(ip: ip, port: port), address.host == text else {
    return nil
  }
  return address
}

/// The four bytes of `192.0.2.7`.
private func dottedIP(_ text: RawSpan) -> [UInt8]? {
  var ip: [UInt8] = []
  ip.reserveCapacity(4)
  var start = 0
  for position in 0...text.byteCount {
    guard position == text.byteCount || text.byte(at: position) == UInt8(ascii: ".") else {
      continue
    }
    guard ip.count < 4, let byte: UInt8 = decimal(text.extracting(start..<position)) else {
      return nil
    }
    ip.append(byte)
    start = position + 1
  }
  return ip.count == 4 ? ip : nil
}
