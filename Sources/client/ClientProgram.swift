internal import ArgumentParser
internal import Glibc
internal import SecretMemory
internal import TrentClient

/// The program `client`.
@main
enum ClientProgram {
  static func main() {
    forbidCoreDumps()
    // A pipe or connection that has gone is told by the call that writes to it.
    _ = signal(SIGPIPE, SIG_IGN)
    let arguments = CommandLine.arguments.dropFirst()
    if let word = arguments.first, let command = commands[word] {
      run(command, [String](arguments.dropFirst()))
    } else {
      run(TransferCommand.self, [String](arguments))
    }
  }

  /// What the first word may be; without any of them it is the classic command line.
  private static let commands: [String: any ParsableCommand.Type] = [
    "open": OpenCommand.self,
    "peers": PeersCommand.self,
    "identity": IdentityCommand.self,
  ]

  private static func run(_ type: (some ParsableCommand).Type, _ arguments: [String]) {
    do {
      var command = try type.parseAsRoot(arguments)
      try command.run()
    } catch {
      end(type, with: error)
    }
  }

  /// Shows help, or what is wrong with the arguments. What it quotes of them must not steer the
  /// terminal: an argument may have come to a script from elsewhere.
  private static func end(
    _ type: (some ParsableCommand).Type, with error: any Error
  ) -> Never {
    let code = type.exitCode(for: error)
    var text = ""
    for scalar in type.fullMessage(for: error).unicodeScalars {
      let category = scalar.properties.generalCategory
      let isHidden = scalar != "\n" && (category == .control || category == .format)
      text += isHidden ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    if code == .success {
      print(text)
    } else if !text.isEmpty {
      Terminal(explains: false).say(text)
    }
    exit(code.rawValue)
  }
}
