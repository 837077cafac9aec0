import ArgumentParser
import Glibc
import Operation
import SystemClock
import Wire

/// `kdc status`: what a KDC that serves is doing.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what a KDC that serves is doing.",
    discussion: """
      Counts are since its start. With --watch they are shown again and again, each with how many \
      there were a second since the time before; Ctrl-C ends it. The exit code is 1 when no KDC \
      serves.
      """)

  @OptionGroup var realm: RealmOptions

  @Flag(help: "Go on, and tell rates.")
  var watch = false

  @Option(help: "Seconds from one time to the next with --watch.")
  var interval = 2

  @Flag(help: "JSON, one line each time.")
  var json = false

  func validate() throws {
    guard (1...3600).contains(interval) else {
      throw ValidationError("--interval is 1 to 3600 seconds")
    }
  }

  func run() throws {
    var former: JSONValue?
    repeat {
      let status = try OperatorLink(servingAt: realm.place).ask(.status)
      if json {
        Console.say("\(status)")
      } else {
        if former != nil { Console.say("") }
        Self.show(status, former)
      }
      former = status
      if watch { sleep(UInt32(interval)) }
    } while watch
  }

  /// How many there are now; everything else in a group is counted up.
  private static func isWaiting(_ name: String) -> Bool { name.hasSuffix("-waiting") }

  /// With one decimal: what happens every few seconds is no 0.
  private static func rate(_ count: Int64, in seconds: Int64) -> String {
    let tenths = count * 10 / max(1, seconds)
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func show(_ status: JSONValue, _ former: JSONValue?) {
    guard case .object(let members) = status else { return }
    let seconds =
      (status["uptime-seconds"]?.integer ?? 0) - (former?["uptime-seconds"]?.integer ?? 0)
    for member in members {
      guard case .object(let counts) = member.value else {
        Console.say("\(member.name): \(member.value.text ?? "\(member.value)")")
        continue
      }
      for count in counts {
        let before = former?[member.name]?[count.name]?.integer
        let rate =
          Self.isWaiting(count.name)
          ? nil
          : before.flatMap { before in
            count.value.integer.map { " (\(Self.rate($0 - before, in: seconds)) a second)" }
          }
        Console.say("\(member.name) \(count.name): \(count.value)\(rate ?? "")")
      }
    }
  }
}
