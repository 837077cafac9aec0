internal import ArgumentParser
internal import TrentClient

/// What only a receiver says.
struct ReceivingOptions: ParsableArguments {
  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Where the file goes: complete or not at all. - is standard output, also without -o.",
      valueName: "file"))
  var output: String?

  @Option(
    name: [.customShort("l", allowingJoined: true), .long],
    help: "The port to listen on; 0 picks a free one. (default: 60000)")
  var listen: UInt16?

  @Option(
    help: ArgumentHelp(
      "An address at which senders can reach this machine besides those that it knows of; with a "
        + "port if that differs. May be repeated.", valueName: "address"),
    transform: Self.place)
  var announce: [HostAndPort] = []

  static let defaultPort: UInt16 = 60000

  static func place(_ text: String) throws -> HostAndPort {
    guard let place = HostAndPort(text, defaultPort: 0) else {
      throw ValidationError("an address is a host or HOST:PORT")
    }
    return place
  }

  func validate() throws {
    guard output != "" else { throw ValidationError("-o needs the name of a file.") }
  }

  /// Refuses all of them, for a sender.
  func refuse() throws {
    guard output == nil, listen == nil, announce.isEmpty else {
      throw ValidationError(
        "-o, -l and --announce are for receiving (-m R), not for sending (-m S).")
    }
  }

  func options(_ kdc: KDCOptions, _ signIn: SignInOptions) -> ReceiveOptions {
    let target: OutputTarget =
      if let output, output != "-" { .file(output) } else { .standardOutput }
    return ReceiveOptions(
      kdc: kdc, signIn: signIn, output: target, port: listen ?? Self.defaultPort,
      announced: announce)
  }
}
