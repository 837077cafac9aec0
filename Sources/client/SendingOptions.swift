internal import ArgumentParser
internal import TrentClient
internal import Wire

/// What only a sender says.
struct SendingOptions: ParsableArguments {
  @Option(
    name: [.customShort("r", allowingJoined: true), .long], help: "The name of the receiver.",
    transform: TransferCommand.principal)
  var receiver: PrincipalName?

  @Option(
    name: [.customShort("i", allowingJoined: true), .long],
    help: ArgumentHelp("The file to send; - is standard input.", valueName: "file"),
    completion: .file())
  var input: String?

  /// Refuses all of them, for a receiver.
  func refuse() throws {
    guard receiver == nil, input == nil else {
      throw ValidationError("-r and -i are for sending (-m S), not for receiving (-m R).")
    }
  }

  /// Nil unless all is there, which validation has seen to.
  func options(_ user: UserOptions.User) -> SendOptions? {
    guard let receiver, let input else { return nil }
    return SendOptions(
      kdc: user.kdc, signIn: user.signIn, receiver: receiver,
      input: input == "-" ? .standardInput : .file(input), newPeer: user.newPeer)
  }
}
