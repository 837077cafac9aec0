internal import ArgumentParser
internal import TrentClient

/// How much is said on standard error.
struct VerbosityOptions: ParsableArguments {
  @Flag(help: "Say on standard error what happens, and why connections are closed.")
  var verbose = false

  @Flag(help: "Say nothing but questions and why it failed; show no progress.")
  var quiet = false

  func validate() throws {
    guard !quiet || !verbose else {
      throw ValidationError("Either --quiet or --verbose, not both.")
    }
  }

  /// Who says what happens.
  var person: Terminal { Terminal(explains: verbose, isQuiet: quiet) }
}
