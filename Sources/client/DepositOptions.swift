internal import ArgumentParser
internal import TrentClient
internal import Wire

/// Whether a login takes deposits.
struct DepositOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How long what is left for you with a mailbox may wait for this login to open it, 1d to "
        + "32d, and no less than the login lasts and an hour; 0: it takes none. (default: 30d)",
      valueName: "time"),
    transform: Self.argument)
  var depositLifetime: Interval?

  static let requirement = "a time of 1d to 32d, or 0 for no deposits"

  static func argument(_ text: String) throws -> Interval {
    guard let lifetime = parse(text) else { throw ValidationError("this has to be \(requirement)") }
    return lifetime
  }

  /// Of no length where no deposits are taken; nil when it is not allowed.
  static func parse(_ text: String) -> Interval? {
    if text == "0" { return .milliseconds(0) }
    guard let lifetime = Interval(text), SignInOptions.depositLifetimes.contains(lifetime) else {
      return nil
    }
    return lifetime
  }

  /// What the login shall do; what was not said is as it is settled. Nil: it takes none.
  func lifetime(by settings: ClientSettings) throws(ClientFailure) -> Interval? {
    let settled = try settings.depositLifetime
    let lifetime = depositLifetime ?? settled ?? SignInOptions.usualDepositLifetime
    return lifetime > .milliseconds(0) ? lifetime : nil
  }
}
