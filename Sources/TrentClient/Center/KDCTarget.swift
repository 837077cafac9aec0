internal import FileTransfer

/// Where the KDC of one realm is, as people name it: one place or several, each of which gives the
/// same answers.
public struct KDCTarget: Hashable, Sendable, CustomStringConvertible {
  /// How many names there may be, and how many places are tried.
  static let limit = 16

  /// In the order in which they were named, each once. One without a port (0) is a domain, whose
  /// places DNS tells (RFC 2782).
  let names: [HostAndPort]

  /// One place, or with port 0 a domain.
  public init(_ place: HostAndPort) { names = [place] }

  /// Reads `HOST`, `HOST:PORT` and `[IPV6]:PORT`, with commas between them.
  ///
  /// - Parameter port: of those without one; nil: they are domains.
  public init(_ text: String, port: UInt16?) throws(ClientFailure) {
    var names: [HostAndPort] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let name = HostAndPort(String(word), defaultPort: port ?? 0) else {
        let shown = SafeText(String(word), limit: 200)
        throw ClientFailure(.usage, "\"\(shown)\" cannot be a host (-a).")
      }
      guard name.port != 0 || name.isDomain else {
        throw ClientFailure(
          .usage,
          "Say the port of the KDC, too: with -p, or as HOST:PORT. Only a domain, as in "
            + "\"example.org\", can do without where DNS has SRV records of it.")
      }
      if !names.contains(name) { names.append(name) }
    }
    guard names.count <= Self.limit else {
      throw ClientFailure(.usage, "-a takes \(Self.limit) places at most.")
    }
    self.names = names
  }

  public var description: String { names.map(\.pinName).joined(separator: ",") }

  /// The options that name it.
  var options: String {
    guard names.count == 1, let name = names.first, name.port != 0 else { return "-a \(self)" }
    return "-a \(name.host) -p \(name.port)"
  }

  /// The ports that were named, for a person; nil where there is none.
  var ports: String? {
    let ports = Set(names.map(\.port)).subtracting([0]).sorted()
    return ports.isEmpty ? nil : ports.map(String.init).joined(separator: ", ")
  }

  /// Whether it may be more than one place.
  var isSeveral: Bool { names.count > 1 || names.contains { $0.port == 0 } }
}

extension HostAndPort {
  /// What an identity is pinned for: `HOST:PORT`, or a domain as it is.
  var pinName: String { port == 0 ? host : description }

  /// Whether DNS may know services of it: a name with a dot in it, and no address.
  var isDomain: Bool {
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    return labels.count > 1 && !host.contains(":") && labels.allSatisfy { !$0.isEmpty }
      && !host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
  }
}
