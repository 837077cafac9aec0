/// Where a KDC is watched: `PORT`, `HOST:PORT` or `[IPV6]:PORT`. Loopback unless a host is told.
public struct MonitoringAddress: Hashable, Sendable {
  public static let loopback = "127.0.0.1"

  /// A name or an address, without brackets.
  public let host: String
  /// 0 picks a free one.
  public let port: UInt16

  /// Nil for what is none.
  public init?(_ text: String) {
    var host = Self.loopback
    var digits = Substring(text)
    if let colon = text.lastIndex(of: ":") {
      digits = text[text.index(after: colon)...]
      host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = String(host.dropFirst().dropLast())
        guard host.contains(":") else { return nil }
      } else if host.contains(":") {
        return nil
      }
    }
    guard !host.isEmpty,
      host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x5b && $0 != 0x5d }),
      digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = UInt16(digits)
    else { return nil }
    self.host = host
    self.port = port
  }
}
