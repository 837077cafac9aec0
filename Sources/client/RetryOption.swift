internal import ArgumentParser
internal import TrentClient
internal import Wire

/// For how long to go on after an interruption.
struct RetryOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When the other end or the KDC cannot be reached, or the transfer breaks off, try again for "
        + "so many minutes. (default: 0)", valueName: "minutes"),
    transform: Self.minutes)
  var retry = Interval.milliseconds(0)

  private static let longest: UInt64 = 7 * 24 * 60

  static func minutes(_ text: String) throws -> Interval {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = UInt64(text),
      count <= longest
    else { throw ValidationError("a number of minutes is one from 0 to \(longest)") }
    return .minutes(count)
  }
}
