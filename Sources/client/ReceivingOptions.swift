internal import ArgumentParser
internal import Glibc
internal import ProgramArguments
internal import TrentClient

/// What only a receiver says.
struct ReceivingOptions: ParsableArguments {
  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Where the file goes: complete or not at all. - is standard output, also without -o.",
      valueName: "file"), completion: .file())
  var output: String?

  @Option(
    name: [.customShort("s", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Where an encrypted copy goes, which \"client open\" and your passphrase open again.",
      valueName: "file"), completion: .file())
  var sealedCopy: String?

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

  static func place(_ text: String) throws -> HostAndPort { try ArgumentValues.place(text) }

  func validate() throws {
    guard output != "" else { throw ValidationError("-o needs the name of a file.") }
    guard sealedCopy != "" else { throw ValidationError("-s needs the name of a file.") }
    guard sealedCopy == nil || sealedCopy != output else {
      throw ValidationError("-o and -s need two files.")
    }
  }

  /// Refuses all of them, for a sender.
  func refuse() throws {
    guard output == nil, sealedCopy == nil, listen == nil, announce.isEmpty else {
      throw ValidationError(
        "-o, -s, -l and --announce are for receiving (-m R), not for sending (-m S).")
    }
  }

  /// Standard output unless a file is named. Nobody's terminal is written to unasked: with an
  /// encrypted copy alone the plain file is not kept.
  private var target: OutputTarget {
    switch output {
    case "-": .standardOutput
    case let path?: .file(path)
    case nil: isatty(STDOUT_FILENO) == 1 ? .nowhere : .standardOutput
    }
  }

  /// - Parameter folder: where everything goes unless a file is named.
  func options(
    _ user: UserOptions.User, _ reporting: ReportingOptions, folder: String? = nil
  ) throws(ClientFailure) -> ReceiveOptions {
    let settings = user.settings
    let (settledPort, settledPlaces) = (try settings.receiverPort, try settings.announced)
    let isFile = output != nil || sealedCopy != nil
    var options = ReceiveOptions(
      kdc: user.kdc, signIn: user.signIn,
      output: isFile ? target : folder.map { .folder($0) } ?? target, sealedCopy: sealedCopy,
      port: listen ?? settledPort ?? Self.defaultPort,
      announced: announce.isEmpty ? settledPlaces : announce, newPeer: user.newPeer)
    options.watcher = reporting.watcher
    guard !reporting.json || options.output != .standardOutput else {
      throw ClientFailure(
        .usage, "Standard output cannot carry both what is received and --json: name a file (-o).")
    }
    return options
  }
}
