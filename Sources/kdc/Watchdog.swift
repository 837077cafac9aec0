import Dispatch
import KeyDistribution
import LocalSockets
import SecretMemory
import Transport
import Wire

/// Answers the service manager's watchdog for as long as the KDC answers clients.
///
/// Twice within the manager's time the KDC is asked for its epoch key, by TCP, as any client would:
/// a KDC that hangs, or is out of descriptors, is silent then, and is started anew.
struct Watchdog: Sendable {
  private let notifier: ServiceNotifier
  private let interval: Duration
  /// Where the KDC itself can be reached.
  private let own: NetworkAddress

  /// How long an answer may take.
  private static let patience = Interval.seconds(5)

  /// Nil when no manager watches.
  ///
  /// - Parameter serving: an address that the KDC is bound to.
  init?(_ notifier: ServiceNotifier, serving: NetworkAddress?) {
    guard let time = notifier.watchdogMicroseconds, let own = serving?.fromThisMachine else {
      return nil
    }
    self.notifier = notifier
    self.own = own
    interval = .microseconds(Int64(clamping: time / 2))
  }

  /// Until its task is cancelled.
  func run() async {
    repeat {
      if await answers() { notifier.tell(.alive) }
    } while (try? await Task.sleep(for: interval)) != nil
  }

  private func answers() async -> Bool {
    await withCheckedContinuation { ended in
      DispatchQueue.global().async { ended.resume(returning: Self.isAnswered(at: own)) }
    }
  }

  private static func isAnswered(at address: NetworkAddress) -> Bool {
    let deadline = Deadline.after(patience)
    do throws(TransportFailure) {
      let connection = try StreamConnection.connect(toAny: [address], deadline: deadline)
      try connection.sendKDCMessage(AnnouncedEpoch.request.bytes, deadline: deadline)
      return try !connection.receiveKDCMessage(deadline: deadline).isEmpty
    } catch {
      // Silence is what tells the manager.
      return false
    }
  }
}

extension NetworkAddress {
  /// The same where it stands for every address of this machine: loopback. IPv6 takes what comes by
  /// IPv4 as well, so that one is enough.
  fileprivate var fromThisMachine: NetworkAddress? {
    guard ip.allSatisfy({ $0 == 0 }) else { return self }
    let loopback: [UInt8] = ip.count == 4 ? [127, 0, 0, 1] : [UInt8](repeating: 0, count: 15) + [1]
    return NetworkAddress(ip: loopback, port: port)
  }
}
