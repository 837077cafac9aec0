internal import Glibc
internal import MailboxService
internal import MailboxSpool
internal import TrentClient
internal import Wire

/// Serves sessions from the spool, each on a thread of its own.
final class MailboxDesk: Sendable {
  private static let longestPause = Interval.hours(1)

  private let spool: Spool
  private let person: Terminal

  init(_ spool: Spool, _ person: Terminal) {
    self.spool = spool
    self.person = person
  }

  /// Compares what is there with what was stored, and removes what has waited long enough: now and
  /// every hour, or sooner where deposits wait for less, on a thread that goes with the program.
  /// Nobody waits for it.
  func lookAfterSpool(lifetime: Interval) throws(ClientFailure) {
    let pause = UInt32(min(Self.longestPause, lifetime).milliseconds / 1000)
    let hasBegun = WorkerThread.start { [spool] in
      while true {
        spool.verify()
        spool.expire()
        sleep(pause)
      }
    }
    guard hasBegun else { throw ClientFailure(.other, "This machine has no thread left.") }
  }

  /// Answers requests until there are no more, or one is no request.
  func serve(_ session: consuming ServiceSession) {
    var session = MailboxSession(session, at: spool, telling: person)
    let peer = session.peer
    do throws(ClientFailure) {
      while try session.answerNext() {}
    } catch {
      person.explain("\(peer): \(error)")
    }
    session.end()
  }
}
