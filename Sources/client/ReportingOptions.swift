internal import ArgumentParser
internal import TrentClient

/// How much a transfer tells of itself, and in which form.
struct ReportingOptions: ParsableArguments {
  @OptionGroup(title: "Telling")
  var verbosity: VerbosityOptions

  @Flag(
    help: ArgumentHelp(
      "Tell a script what happens: a JSON object a line on standard output, \"event\" first. "
        + "docs/REFERENCE.md lists them."))
  var json = false

  /// Who is told how far a transfer is.
  var watcher: any TransferWatcher {
    if json { return EventWatcher() }
    return verbosity.quiet ? SilentWatcher() : TerminalWatcher()
  }
}
