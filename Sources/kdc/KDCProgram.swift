import ArgumentParser
import Glibc
import Logging
import Operation
import ProgramDescription
import SecretMemory

/// The program `kdc`: its first word says which command it is. Without one the KDC serves.
@main
struct KDCProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc",
    subcommands: [
      AuditCommand.self, CheckCommand.self, ExportCommand.self, ImportCommand.self,
      InviteCommand.self, RotateIdentityCommand.self, RotateStorageKeyCommand.self,
      StatusCommand.self,
    ] + storeCommands + [UsersCommand.self])

  #if PostgreSQL
  private static let storeCommands: [any ParsableCommand.Type] = [StoreCommand.self]
  #else
  private static let storeCommands: [any ParsableCommand.Type] = []
  #endif

  /// What the first word may be.
  private static var commands: [String] {
    configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  static var words: String { commands.joined(separator: ", ") }

  static func main() async {
    forbidCoreDumps()
    _ = signal(SIGPIPE, SIG_IGN)
    LoggingSystem.bootstrap { LevelledHandler(label: $0) }
    var arguments = [String](CommandLine.arguments.dropFirst())
    // `kdc help users` is `kdc users --help`.
    if arguments.first == "help" { arguments = arguments.dropFirst() + ["--help"] }
    guard let word = arguments.first, !word.hasPrefix("-") else {
      if DescriptionRequest.isMade(by: arguments) { return KDCDescription.main(arguments) }
      return await KDC.main(arguments)
    }
    guard commands.contains(word) else {
      Console.tell("kdc: There is no such command. Commands are \(words); see kdc --help.")
      Glibc.exit(ExitCode.validationFailure.rawValue)
    }
    run(arguments)
  }

  private static func run(_ arguments: [String]) {
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let error as OperatorFailure {
      Console.tell("kdc: \(error).")
      Glibc.exit(ExitCode.failure.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
