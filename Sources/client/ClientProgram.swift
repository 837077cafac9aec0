internal import ArgumentParser
internal import Glibc
internal import ProgramArguments
internal import ProgramDescription
internal import TrentClient

/// The program `client`: its first word says which command it is. Without one it is the classic
/// command line.
@main
struct ClientProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client",
    subcommands: [
      ChatCommand.self, DoctorCommand.self, FetchCommand.self, IdentityCommand.self,
      KeygenCommand.self, LoginCommand.self, LogoutCommand.self, MailboxCommand.self,
      MailboxesCommand.self, OpenCommand.self, PasswdCommand.self, PeersCommand.self,
      ReceiveCommand.self, SendCommand.self, StatusCommand.self,
    ])

  static func main() {
    CommandRunner.prepare()
    // What a program that is started here ends with is to be known.
    _ = signal(SIGCHLD, SIG_DFL)
    var arguments = [String](CommandLine.arguments.dropFirst())
    // `client help send` is `client send --help`.
    if arguments.first == "help" { arguments = arguments.dropFirst() + ["--help"] }
    guard let word = arguments.first, !word.hasPrefix("-") else {
      if DescriptionRequest.isMade(by: arguments) {
        CommandRunner.run(ClientDescription.self, arguments)
      } else {
        CommandRunner.run(TransferCommand.self, arguments)
      }
      return
    }
    let words = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard words.contains(word) else {
      CommandRunner.say(
        "client: There is no command \"\(word)\". Commands are "
          + words.joined(separator: ", ") + "; see client --help.")
      Glibc.exit(ExitStatus.usage.rawValue)
    }
    CommandRunner.run(ClientProgram.self, arguments)
  }
}
