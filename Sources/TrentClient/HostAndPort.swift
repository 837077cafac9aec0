/// A host, by name or by address, and a port, as people write them and as files name them.
public struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
  /// In lower case and without brackets.
  public let host: String
  /// 0 where a domain alone was named.
  public let port: UInt16

  /// Nil for what cannot be a host: nothing, blanks or control characters.
  public init?(host: String, port: UInt16) {
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let name = isBracketed ? String(host.dropFirst().dropLast()) : host
    guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
    self.host = name.lowercased()
    self.port = port
  }

  /// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address.
  public init?(_ text: String, defaultPort: UInt16) {
    guard let colon = text.lastIndex(of: ":"),
      text.hasSuffix("]") == false,
      text.hasPrefix("[") || text[..<colon].contains(":") == false
    else {
      self.init(host: text, port: defaultPort)
      return
    }
    guard let port = UInt16(text[text.index(after: colon)...]), port != 0 else { return nil }
    self.init(host: String(text[..<colon]), port: port)
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
