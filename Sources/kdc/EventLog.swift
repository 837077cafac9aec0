import Dispatch
import Glibc
import KeyDistribution
import Synchronization
import SystemClock
import Wire

/// One line an event: when, what, who, for whom, from where. Names are of the protocol's own
/// alphabet and addresses are written by us, so that nothing hostile can stand in a line.
///
/// Lines are written by a thread of their own: a pipe that nobody reads, or a terminal that is
/// stopped, holds up nobody. What finds no room in the queue is lost, and that is said.
final class EventLog: Sendable {
  private struct State {
    var waiting = 0
    var lost = 0
    var hasFailed = false
  }

  /// How many lines may wait.
  private static let limit = 10_000
  /// How long the end of the KDC waits for lines to be written.
  private static let patience = DispatchTimeInterval.seconds(2)

  private let descriptor: Int32
  private let writer = DispatchQueue(label: "event log")
  private let state = Mutex(State())
  private let report: @Sendable (String) -> Void

  /// - Parameters:
  ///   - path: where the lines go; nil: standard error.
  ///   - report: is told once when lines can no longer be written.
  init(path: String?, report: @escaping @Sendable (String) -> Void) throws(EventLogFailure) {
    self.report = report
    guard let path else {
      descriptor = STDERR_FILENO
      return
    }
    unsafe descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      throw EventLogFailure(path: path, reason: unsafe String(cString: strerror(errno)))
    }
  }

  deinit { if descriptor != STDERR_FILENO { close(descriptor) } }

  /// Never waits.
  func write(_ event: CenterEvent, at now: Timestamp) {
    let hasRoom = state.withLock { state in
      guard state.waiting < Self.limit else {
        state.lost += 1
        return false
      }
      state.waiting += 1
      return true
    }
    guard hasRoom else { return }
    writer.async { [self] in
      let lost = state.withLock { state in
        defer { state.lost = 0 }
        state.waiting -= 1
        return state.lost
      }
      if lost > 0 { append("\(SystemClock.text(now)) lost events=\(lost)\n") }
      append(Self.line(event, at: now))
    }
  }

  /// Waits until what has been told so far is written, but not for long.
  func flush() {
    let done = DispatchSemaphore(value: 0)
    writer.async { done.signal() }
    _ = done.wait(timeout: .now() + Self.patience)
  }

  private func append(_ line: String) {
    let bytes = [UInt8](line.utf8)
    // One write a line: with O_APPEND lines of several processes do not mix.
    let written = unsafe bytes.withUnsafeBytes { bytes in
      unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    }
    let isFirstFailure = state.withLock { state in
      defer { state.hasFailed = written != bytes.count }
      return written != bytes.count && !state.hasFailed
    }
    if isFirstFailure {
      report("events cannot be written: \(unsafe String(cString: strerror(errno)))")
    }
  }

  static func line(_ event: CenterEvent, at now: Timestamp) -> String {
    var fields = [SystemClock.text(now)]
    switch event.kind {
    case .registered: fields.append("registered")
    case .loggedIn: fields.append("logged-in")
    case .secretChanged(let keyVersion): fields += ["secret-changed", "kvno=\(keyVersion)"]
    case .keyIssued(let purpose, let ticketID):
      let id = ticketID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      fields += ["key-issued", "purpose=\(purpose)", "ticket=\(id)"]
    case .announced: fields.append("announced")
    case .withdrawn: fields.append("withdrawn")
    case .probed(let port, let isReached):
      fields += ["probed", "port=\(port)", "reached=\(isReached ? "yes" : "no")"]
    case .refused: fields.append("refused")
    }
    if let name = event.name { fields.append("name=\(name)") }
    if let peer = event.peer { fields.append("for=\(peer)") }
    fields.append("from=\(event.source)")
    if case .refused(let reason) = event.kind { fields.append("reason=\"\(reason.rawValue)\"") }
    return fields.joined(separator: " ") + "\n"
  }
}

/// The file for events cannot be opened.
struct EventLogFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "cannot open \(path) for events: \(reason)" }
}
