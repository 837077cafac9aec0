internal import ArgumentParser
internal import MailboxService
internal import ProgramArguments
internal import Wire

/// How much a mailbox takes, and for how long it keeps it.
struct LimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The largest deposit: a number of bytes, or one with K, M, G or T. (default: 1G)",
      valueName: "size"),
    transform: Self.size)
  var maxDeposit: UInt64?

  @Option(
    help: ArgumentHelp(
      "How much waits for one receiver at most, a quarter of it from one sender, but the largest "
        + "deposit at any rate. (default: 4G)", valueName: "size"),
    transform: Self.size)
  var maxBox: UInt64?

  @Option(
    help: ArgumentHelp(
      "How much of one sender waits at most, for whomever. (default: 4G)", valueName: "size"),
    transform: Self.size)
  var maxSender: UInt64?

  @Option(
    help: ArgumentHelp("How much waits in all at most. (default: 64G)", valueName: "size"),
    transform: Self.size)
  var maxTotal: UInt64?

  @Option(
    help: ArgumentHelp(
      "How many deposits wait for one receiver at most, a quarter of them from one sender; "
        + "\(Self.largestCount) at most. (default: 10000)", valueName: "count"))
  var maxCount: Int?

  @Option(
    help: ArgumentHelp(
      "How long a deposit waits, as 30d or 12h; 1s to 32d. (default: 30d)", valueName: "time"),
    transform: Self.lifetime)
  var keepFor: Interval?

  private static let largestSize: UInt64 = 1 << 50
  /// As many as wait in all.
  private static let largestCount = MailboxPolicy().countLimit
  private static let longestLifetime = Interval.days(32)

  static func size(_ text: String) throws -> UInt64 {
    let size = try ArgumentValues.size(text)
    guard size >= 1, size <= largestSize else {
      throw ValidationError("a limit is at least a byte, and 1024T at most")
    }
    return size
  }

  static func lifetime(_ text: String) throws -> Interval {
    guard let lifetime = Interval(text) else {
      throw ValidationError("a time is a number and s, m, h or d, as in 30d")
    }
    guard lifetime >= .seconds(1), lifetime <= longestLifetime else {
      throw ValidationError("a deposit is kept for 32d at most")
    }
    return lifetime
  }

  func validate() throws {
    guard maxCount.map({ (1...Self.largestCount).contains($0) }) ?? true else {
      throw ValidationError("--max-count is 1 to \(Self.largestCount).")
    }
  }

  var policy: MailboxPolicy {
    var policy = MailboxPolicy()
    if let maxDeposit { policy.depositByteLimit = maxDeposit }
    if let maxBox { policy.boxByteLimit = maxBox }
    if let maxSender { policy.senderByteLimit = maxSender }
    if let maxTotal { policy.byteLimit = maxTotal }
    if let maxCount { policy.boxCountLimit = maxCount }
    if let keepFor { policy.lifetime = keepFor }
    return policy
  }
}
