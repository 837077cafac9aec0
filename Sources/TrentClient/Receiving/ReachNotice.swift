internal import Glibc
internal import KeyDistribution
internal import Transport
internal import Wire

/// Tells a receiver at once when nobody would reach it, rather than let it wait in vain.
struct ReachNotice {
  /// A KDC gives a connection three seconds.
  private static let patience = Interval.seconds(5)

  private let port: UInt16
  private let person: any Person

  init(port: UInt16, person: any Person) {
    self.port = port
    self.person = person
  }

  /// Steps D1 to D3, once. Nothing depends on the answer.
  func ask(_ login: inout Login, over link: inout KDCLink) {
    do throws(KDCFailure) {
      let reach = try link.askForReach(
        of: &login.credential, port: port, patience: Self.patience)
      guard !reach.isReached else { return }
      var around = ReachCheck.Surroundings(port: port)
      around.isMeant = true
      around.own = ((try? InterfaceAddresses.current(port: 0)) ?? []).map(\.ip)
      for line in Self.lines(reach, around) { person.say(line) }
    } catch {
      person.explain("the KDC was not asked whether it reaches this machine: \(error)")
    }
  }

  /// What the person is told of a port that the KDC does not reach.
  static func lines(_ reach: Reach, _ around: ReachCheck.Surroundings) -> [String] {
    let finding = ReachCheck.finding(reach, around)
    return [
      "senders may not get through: the KDC does not reach port \(around.port) at "
        + ReachCheck.place(reach, around)
    ] + [finding.advice].compactMap { $0.map { "to be reached: \($0)" } }
  }
}
