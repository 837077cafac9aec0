internal import ProgramArguments

/// The program `mailbox`.
@main
enum MailboxProgram {
  static func main() {
    CommandRunner.prepare()
    CommandRunner.run(MailboxCommand.self, [String](CommandLine.arguments.dropFirst()))
  }
}
