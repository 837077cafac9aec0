internal import ArgumentParser
internal import KeyDistribution
internal import TrentClient

/// Which KDC is meant, where none is asked.
struct RealmOptions: ParsableArguments {
  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp("The host of a known KDC, by name or address.", valueName: "host"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .long], help: "The port of a known KDC.")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "The identity of the KDC: the word that it prints when it starts.", valueName: "word"),
    transform: CenterOptions.realm)
  var kdcKey: Realm?

  func validate() throws {
    guard (host == nil) == (port == nil) else {
      throw ValidationError("-a and -p go together.")
    }
    guard kdcKey == nil || host == nil else {
      throw ValidationError("Name the KDC with --kdc-key, or with -a and -p.")
    }
    if let host, let port {
      guard HostAndPort(host: host, port: port) != nil else {
        throw ValidationError("\"\(host)\" cannot be a host (-a).")
      }
    }
  }

  var choice: RealmChoice {
    if let kdcKey { return .realm(kdcKey) }
    guard let host, let port, let target = HostAndPort(host: host, port: port) else {
      return .only
    }
    return .kdc(target)
  }
}
