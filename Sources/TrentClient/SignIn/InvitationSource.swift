internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory

/// Where an invitation comes from. Never from an argument, which every user of the machine can see.
public enum InvitationSource: Hashable, Sendable {
  /// The person is asked for it.
  case person
  /// The first line of a file.
  case file(String)
  /// The first line of standard input.
  case standardInput

  private static let byteLimit = 1024

  func read(_ person: any Person) throws(ClientFailure) -> Invitation {
    let line: SecretBytes?
    switch self {
    case .person: line = try person.passphrase("invitation: ")
    case .standardInput:
      line = try withFiles { () throws(FileFailure) in
        try readSecretLine(from: STDIN_FILENO, limit: Self.byteLimit)
      }
    case .file(let path):
      let contents = try withFiles { () throws(FileFailure) in
        try SecretFile.read(path, limit: Self.byteLimit)
      }
      guard let contents else {
        throw ClientFailure(
          .fileFailure,
          "There is no file where --invite points. It takes the name of a file with the "
            + "invitation, or - for standard input, never the invitation itself.")
      }
      line = PassphraseSource.firstLine(of: contents.contents)
    }
    guard let line, let invitation = Invitation.parse(line) else {
      throw ClientFailure(
        .authenticationRefused,
        "That is no invitation. One begins with invite1 and was printed by \"kdc invite\".")
    }
    return invitation
  }
}
