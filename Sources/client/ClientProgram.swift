internal import ArgumentParser
internal import Glibc
internal import ProgramArguments
internal import TrentClient

/// The program `client`.
@main
enum ClientProgram {
  /// What the first word may be, where it is no option. Without one it is the classic command line.
  private static let commands: [(word: String, type: any ParsableCommand.Type)] = [
    ("chat", ChatCommand.self),
    ("doctor", DoctorCommand.self),
    ("fetch", FetchCommand.self),
    ("identity", IdentityCommand.self),
    ("keygen", KeygenCommand.self),
    ("login", LoginCommand.self),
    ("logout", LogoutCommand.self),
    ("mailbox", MailboxCommand.self),
    ("mailboxes", MailboxesCommand.self),
    ("open", OpenCommand.self),
    ("passwd", PasswdCommand.self),
    ("peers", PeersCommand.self),
    ("receive", ReceiveCommand.self),
    ("send", SendCommand.self),
    ("status", StatusCommand.self),
  ]

  static func main() {
    CommandRunner.prepare()
    // What a program that is started here ends with is to be known.
    _ = signal(SIGCHLD, SIG_DFL)
    var arguments = [String](CommandLine.arguments.dropFirst())
    // `client help send` is `client send --help`.
    if arguments.first == "help" { arguments = arguments.dropFirst() + ["--help"] }
    guard let word = arguments.first, !word.hasPrefix("-") else {
      CommandRunner.run(TransferCommand.self, arguments)
      return
    }
    guard let command = commands.first(where: { $0.word == word }) else {
      let all = commands.map(\.word).joined(separator: ", ")
      CommandRunner.say(
        "client: There is no command \"\(word)\". Commands are \(all); see client --help.")
      exit(ExitStatus.usage.rawValue)
    }
    CommandRunner.run(command.type, [String](arguments.dropFirst()))
  }
}
