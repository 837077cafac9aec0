internal import ArgumentParser
internal import Glibc
internal import SecretMemory
internal import TrentClient

/// The program `client`.
@main
enum ClientProgram {
  /// What the first word may be, where it is no option. Without one it is the classic command line.
  private static let commands: [(word: String, type: any ParsableCommand.Type)] = [
    ("chat", ChatCommand.self),
    ("doctor", DoctorCommand.self),
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
    forbidCoreDumps()
    // A pipe or connection that has gone is told by the call that writes to it.
    _ = signal(SIGPIPE, SIG_IGN)
    // So is a file that may not grow any more.
    _ = signal(SIGXFSZ, SIG_IGN)
    // What a program that is started here ends with is to be known.
    _ = signal(SIGCHLD, SIG_DFL)
    var arguments = [String](CommandLine.arguments.dropFirst())
    // `client help send` is `client send --help`.
    if arguments.first == "help" { arguments = arguments.dropFirst() + ["--help"] }
    guard let word = arguments.first, !word.hasPrefix("-") else {
      run(TransferCommand.self, arguments)
      return
    }
    guard let command = commands.first(where: { $0.word == word }) else {
      let all = commands.map(\.word).joined(separator: ", ")
      say("client: There is no command \"\(word)\". Commands are \(all); see client --help.")
      exit(ExitStatus.usage.rawValue)
    }
    run(command.type, [String](arguments.dropFirst()))
  }

  private static func run(_ type: (some ParsableCommand).Type, _ arguments: [String]) {
    do {
      var command = try type.parseAsRoot(arguments)
      try command.run()
    } catch {
      end(type, with: error)
    }
  }

  /// Shows help, or what is wrong with the arguments.
  private static func end(
    _ type: (some ParsableCommand).Type, with error: any Error
  ) -> Never {
    let code = type.exitCode(for: error)
    let text = type.fullMessage(for: error)
    if code == .success {
      print(visible(text))
    } else if !text.isEmpty {
      say(text)
    }
    exit(code.rawValue)
  }

  private static func say(_ text: String) { Terminal(explains: false).say(visible(text)) }

  /// What quotes arguments must not steer the terminal: one may have come to a script from
  /// elsewhere.
  private static func visible(_ text: String) -> String {
    var visible = ""
    for scalar in text.unicodeScalars {
      let category = scalar.properties.generalCategory
      let isHidden = scalar != "\n" && (category == .control || category == .format)
      visible += isHidden ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return visible
  }
}
