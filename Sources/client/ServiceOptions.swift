internal import ArgumentParser
internal import TrentClient

/// What makes a service of a receiver.
struct ServiceOptions: ParsableArguments {
  @Flag(help: "Receive until stopped, several transfers at once; see below.")
  var keep = false

  @Option(
    help: ArgumentHelp(
      "Run this command (by /bin/sh -c) for each transfer, with the data on its standard input; "
        + "see below.", valueName: "command"))
  var exec: String?

  /// What `--help` says of it.
  static let help = """
    With --keep, up to eight transfers at once are received, at most two of one sender; whoever \
    comes then is told to try again. It goes on when the KDC or the network was away, logs in \
    again where that takes nobody at the terminal, and ends with 0 when SIGINT or SIGTERM stops it.

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
  ///
  /// - Parameter outputIsTaken: Whether standard output is not the command's to write to.
  func target(outputIsTaken: Bool) -> OutputTarget? {
    exec.map { .program(outputIsTaken ? "exec 1>&2\n\($0)" : $0) }
  }
}
