internal import ArgumentParser
internal import KeyDistribution
internal import ProgramArguments
internal import TrentClient

/// Which KDC is meant, where none is asked.
struct RealmOptions: ParsableArguments {
  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp(
      "A known KDC: a place of it, by name or address, or several with commas between them.",
      valueName: "hosts"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .long],
    help: "Its port, where -a says none; a domain that is known by itself has none.")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "The identity of the KDC: the word that it prints when it starts.", valueName: "word"),
    transform: CenterOptions.realm)
  var kdcKey: Realm?

  func validate() throws {
    try Self.validate(host, port)
    guard kdcKey == nil || host == nil else {
      throw ValidationError("Name the KDC with --kdc-key, or with -a and -p.")
    }
  }

  /// A port is nothing without a host.
  static func validate(_ host: String?, _ port: UInt16?) throws {
    guard let host else {
      guard port == nil else { throw ValidationError("A KDC is a host (-a) and a port (-p).") }
      return
    }
    _ = try ArgumentValues.target(host, port: port)
  }

  var choice: RealmChoice {
    if let kdcKey { return .realm(kdcKey) }
    guard let host, let target = try? KDCTarget(host, port: port) else { return .only }
    return .kdc(target)
  }
}
