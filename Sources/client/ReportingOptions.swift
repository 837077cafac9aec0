internal import ArgumentParser
internal import TrentClient

/// How much a transfer tells of itself, and in which form.
struct ReportingOptions: ParsableArguments {
  @Flag(help: "Say on standard error what happens, and why connections are closed.")
  var verbose = false

  @Flag(help: "Say nothing but questions and why it failed; show no progress.")
  var quiet = false

  @Flag(
    help: ArgumentHelp(
      "Tell a script what happens: a JSON object a line on standard output, \"event\" first. "
        + "README.md lists them."))
  var json = false

  func validate() throws {
    guard !quiet || !verbose else {
      throw ValidationError("Either --quiet or --verbose, not both.")
    }
  }

  /// Who says what happens.
  var person: Terminal { Terminal(explains: verbose, isQuiet: quiet) }

  /// Who is told how far a transfer is.
  var watcher: any TransferWatcher {
    if json { return EventWatcher() }
    return quiet ? SilentWatcher() : TerminalWatcher()
  }
}
