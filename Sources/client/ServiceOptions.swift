internal import ArgumentParser
internal import TrentClient

/// What makes a service of a receiver.
struct ServiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run this command (by /bin/sh -c) for each transfer, with the data on its standard input; "
        + "see below.", valueName: "command"))
  var exec: String?

  /// What `--help` says of it.
  static let help = """
    With --exec, one file, stream or text at a time goes to the standard input of a command of \
    yours, and nowhere else. It finds TRENT_SENDER, TRENT_FILE_NAME, TRENT_SIZE (empty when not \
    known before the end) and TRENT_KIND (file, stream or text) in its environment, beside \
    what is there already. Names are clean, but may have blanks and begin with a hyphen: write \
    "./$TRENT_FILE_NAME", in quotes. The sender is told the command's exit status, and succeeds \
    only with 0; when it is 128 and more, a signal ended it. The command sees the end of its \
    input only if all has come; otherwise it gets SIGTERM, and what is left of it SIGKILL.
    """

  func validate() throws {
    guard exec != "" else { throw ValidationError("--exec needs a command.") }
  }

  /// Where everything goes, when a command takes it.
  var target: OutputTarget? { exec.map(OutputTarget.program) }
}
