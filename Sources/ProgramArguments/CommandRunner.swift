public import ArgumentParser
internal import Glibc
internal import SecretMemory
internal import TrentClient

/// Runs a command of a program, from its arguments to its exit code.
public enum CommandRunner {
  /// What a program does first.
  public static func prepare() {
    forbidCoreDumps()
    // A pipe or connection that has gone is told by the call that writes to it.
    _ = signal(SIGPIPE, SIG_IGN)
    // So is a file that may not grow any more.
    _ = signal(SIGXFSZ, SIG_IGN)
  }

  public static func run(_ type: (some ParsableCommand).Type, _ arguments: [String]) {
    do {
      var command = try type.parseAsRoot(arguments)
      try command.run()
    } catch {
      end(type, with: error)
    }
    finishOutput()
  }

  /// What was printed has to be written, or nobody may take it for done.
  private static func finishOutput() {
    guard fflush(nil) != 0 else { return }
    let reason = unsafe String(cString: strerror(errno))
    say("Standard output cannot be written: \(reason).")
    // Without another try at it.
    _exit(ExitStatus.fileFailure.rawValue)
  }

  /// Shows help, or what is wrong with the arguments.
  private static func end(
    _ type: (some ParsableCommand).Type, with error: any Error
  ) -> Never {
    let code = type.exitCode(for: error)
    let text = type.fullMessage(for: error)
    if code == .success {
      print(visible(text))
      finishOutput()
    } else if !text.isEmpty {
      say(text)
    }
    exit(code.rawValue)
  }

  /// Says on standard error what may quote arguments.
  public static func say(_ text: String) { Terminal(explains: false).say(visible(text)) }

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
