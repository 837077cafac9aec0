internal import ArgumentParser
internal import KeyDistribution
internal import ProgramArguments
internal import TrentClient

/// Which KDC to use, and how to get to know it.
struct CenterOptions: ParsableArguments {
  @Option(
    name: [.customShort("a", allowingJoined: true), .customLong("kdc")],
    help: ArgumentHelp("\(ArgumentValues.targetHelp)", valueName: "hosts"))
  var host: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .long], help: "\(ArgumentValues.portHelp)")
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      "The identity that the KDC must have: the word that it prints when it starts.",
      valueName: "word"),
    transform: Self.realm)
  var kdcKey: Realm?

  @Flag(help: "Trust a KDC that is new, without a question. Never one that has changed.")
  var acceptNewKdc = false

  static func realm(_ word: String) throws -> Realm { try ArgumentValues.realm(word) }

  func validate() throws {
    // The port may be settled.
    _ = try ArgumentValues.target(host ?? "kdc", port: port ?? 1)
  }

  /// The KDC that was named; what was not said is as it is settled.
  func kdcOptions(_ settings: ClientSettings) throws(ClientFailure) -> KDCOptions {
    let settled = try settings.kdc
    guard let host = host ?? settled.host else {
      throw ClientFailure(
        .usage, "Say where the KDC is: with -a and -p, or once in \(settings.path).")
    }
    let target = try KDCTarget(host, port: port ?? settled.port)
    // Another KDC than the settled one has another identity.
    let isSettled = self.host == nil && self.port == nil
    return KDCOptions(
      target: target, expected: kdcKey ?? (isSettled ? settled.key : nil),
      acceptsNew: acceptNewKdc)
  }
}
