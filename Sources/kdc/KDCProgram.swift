import ArgumentParser
import Glibc
import Logging
import Operation
import SecretMemory

/// The program `kdc`.
@main
enum KDCProgram {
  /// What the first word may be, where it is no option. Without one the KDC serves.
  private static let commands: [(word: String, type: any ParsableCommand.Type)] =
    ([
      ("audit", AuditCommand.self),
      ("check", CheckCommand.self),
      ("export", ExportCommand.self),
      ("import", ImportCommand.self),
      ("invite", InviteCommand.self),
      ("rotate-identity", RotateIdentityCommand.self),
      ("rotate-storage-key", RotateStorageKeyCommand.self),
      ("status", StatusCommand.self),
      ("users", UsersCommand.self),
    ] + storeCommands).sorted { $0.word < $1.word }

  #if PostgreSQL
  private static let storeCommands: [(word: String, type: any ParsableCommand.Type)] = [
    ("store", StoreCommand.self)
  ]
  #else
  private static let storeCommands: [(word: String, type: any ParsableCommand.Type)] = []
  #endif

  static var words: String { commands.map(\.word).joined(separator: ", ") }

  static func main() async {
    forbidCoreDumps()
    _ = signal(SIGPIPE, SIG_IGN)
    LoggingSystem.bootstrap { LevelledHandler(label: $0) }
    var arguments = [String](CommandLine.arguments.dropFirst())
    // `kdc help users` is `kdc users --help`.
    if arguments.first == "help" { arguments = arguments.dropFirst() + ["--help"] }
    guard let word = arguments.first, !word.hasPrefix("-") else {
      return await KDC.main(arguments)
    }
    guard let command = commands.first(where: { $0.word == word }) else {
      Console.tell("kdc: There is no such command. Commands are \(words); see kdc --help.")
      exit(ExitCode.validationFailure.rawValue)
    }
    run(command.type, [String](arguments.dropFirst()))
  }

  private static func run(_ type: (some ParsableCommand).Type, _ arguments: [String]) {
    do {
      var command = try type.parseAsRoot(arguments)
      try command.run()
    } catch let error as OperatorFailure {
      Console.tell("kdc: \(error).")
      exit(ExitCode.failure.rawValue)
    } catch {
      type.exit(withError: error)
    }
  }
}
