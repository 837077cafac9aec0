internal import ArgumentParser
internal import DurableFiles
internal import ProgramArguments
internal import TrentClient
internal import Wire

/// What a receiver takes without a question, and from whom.
struct AcceptingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Accept from these without a question: names with commas between. May be repeated.",
      valueName: "names"),
    transform: Self.names)
  var acceptFrom: [[PrincipalName]] = []

  @Flag(help: "Accept from every user of the realm, without a question.")
  var acceptAll = false

  @Option(
    help: ArgumentHelp(
      "Refuse what has more bytes in all: a number, or one with K, M, G or T after it.",
      valueName: "size"),
    transform: Self.size)
  var maxSize: UInt64?

  @Flag(help: "Replace what has the same name. Folders are replaced, not mixed.")
  var overwrite = false

  @Flag(help: "Give what comes another name where its own is taken.")
  var rename = false

  static func names(_ text: String) throws -> [PrincipalName] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map {
      try TransferCommand.principal(String($0))
    }
  }

  static func size(_ text: String) throws -> UInt64 { try ArgumentValues.size(text) }

  func validate() throws {
    guard !overwrite || !rename else {
      throw ValidationError("Either --overwrite or --rename, not both.")
    }
    guard !acceptAll || acceptFrom.isEmpty else {
      throw ValidationError("--accept-all accepts from everybody: leave --accept-from out.")
    }
  }

  /// Whether anything is said about names that are taken.
  var decidesAboutNames: Bool { overwrite || rename }

  /// - Parameter settled: whom to accept from when no option says anything of it.
  func rules(settled: [PrincipalName]) -> TransferRules {
    let existing: ExistingPolicy = overwrite ? .overwrite : rename ? .rename : .refuse
    let named = acceptFrom.isEmpty ? settled : Array(acceptFrom.joined())
    return TransferRules(
      senders: acceptAll ? .all : .names(Set(named)), maxSize: maxSize, existing: existing)
  }
}
