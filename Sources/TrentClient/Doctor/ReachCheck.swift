internal import Glibc
internal import KeyDistribution
internal import Transport
internal import Wire

/// The port to receive on, as the KDC reaches it.
struct ReachCheck {
  /// What is known besides the KDC's answer.
  struct Surroundings {
    var port: UInt16
    /// Whether somebody has said that this is the port to receive on.
    var isMeant = false
    /// Whether another program listens there.
    var isTaken = false
    /// Addresses of this machine's own.
    var own: [[UInt8]] = []
    /// Whether the KDC is on this machine.
    var hasKDC = false
  }

  static let usualPort: UInt16 = 60000
  /// A KDC tries a source a second after the last time at the earliest (D2).
  private static let pause: UInt32 = 1_100_000
  private static let attempts = 3

  private let chosen: UInt16?

  init(_ port: UInt16?) { chosen = port }

  func run(
    _ credential: inout Credential, over link: inout KDCLink, _ tell: (Finding) -> Void
  ) {
    var around = Surroundings(port: chosen ?? Self.usualPort, isMeant: chosen != nil)
    let subject = "port \(around.port)"
    do throws(TransportFailure) {
      // Connections wait in its queue, where nobody takes them.
      let listener = try Self.listen(around.port)
      switch listener {
      case .some: break
      case .none: around.isTaken = true
      }
      around.own = ((try? InterfaceAddresses.current(port: 0)) ?? []).map(\.ip)
      around.hasKDC = link.currentAddresses.contains {
        around.own.contains($0.ip) || !$0.meansSomethingElsewhere
      }
      let answer = Self.ask(around.port, &credential, over: &link)
      withExtendedLifetime(listener) {}
      switch answer {
      case .success(let reach): tell(Self.finding(reach, around))
      case .failure(let failure): tell(Self.finding(failure, around.port, link.target))
      }
    } catch {
      tell(
        .problem(
          subject, "nothing can listen there: \(error)",
          advice: "choose another port to receive on: client doctor -l PORT"))
    }
  }

  /// - Returns: nil when another program listens there.
  private static func listen(_ port: UInt16) throws(TransportFailure) -> Listener? {
    do throws(TransportFailure) {
      return try Listener(port: port)
    } catch .system(EADDRINUSE, _) {
      return nil
    } catch {
      throw error
    }
  }

  private static func ask(
    _ port: UInt16, _ credential: inout Credential, over link: inout KDCLink
  ) -> Result<Reach, KDCFailure> {
    for _ in 1..<attempts {
      do throws(KDCFailure) {
        return .success(try link.askForReach(of: &credential, port: port))
      } catch .exchange(.unavailable) {
        usleep(pause)
      } catch {
        return .failure(error)
      }
    }
    do throws(KDCFailure) {
      return .success(try link.askForReach(of: &credential, port: port))
    } catch {
      return .failure(error)
    }
  }

  // MARK: In words

  static func finding(_ reach: Reach, _ around: Surroundings) -> Finding {
    let subject = "port \(around.port)"
    let who =
      around.isTaken ? "a program listens there" : "nobody listens there but this check"
    let place = place(reach, around)
    if reach.isReached {
      let text = "\(who), and the KDC reaches this machine at \(place)"
      return .ok(
        subject,
        around.hasKDC ? text + "; but the KDC is on this machine: others may meet a firewall" : text
      )
    }
    let text = "\(who), and the KDC does not reach this machine at \(place)"
    let advice =
      isOwn(reach, around)
      ? "let TCP port \(around.port) in through the firewall of this machine and of its network"
      : "have the router forward TCP port \(around.port) to this machine, or receive with "
        + "--announce HOST:PORT where others reach it; senders in the same "
        + "network may reach it all the same"
    // Who only sends need not be reached.
    return around.isMeant || around.isTaken
      ? .problem(subject, text, advice: advice)
      : .warning(subject, text, advice: "to receive here, " + advice)
  }

  private static func isOwn(_ reach: Reach, _ around: Surroundings) -> Bool {
    around.own.contains(reach.observed.ip) || !reach.observed.meansSomethingElsewhere
  }

  /// Where the KDC has tried to reach this machine.
  static func place(_ reach: Reach, _ around: Surroundings) -> String {
    let host = reach.observed.host
    return isOwn(reach, around) ? host : "\(host), which is not one of its own (NAT)"
  }

  private static func finding(
    _ failure: KDCFailure, _ port: UInt16, _ target: KDCTarget
  ) -> Finding {
    let subject = "port \(port)"
    switch failure {
    case .exchange(.unavailable):
      return .warning(
        subject, "the KDC tries no connection now: it has tried too many", advice: "try again later"
      )
    case .exchange(.failed(.malformed)):
      return .warning(
        subject, "the KDC does not know how to try a connection",
        advice: "ask its operator for a newer program")
    default:
      return .warning(
        subject, "the KDC could not be asked: \(failure.failure(at: target))",
        advice: "try again later")
    }
  }
}
