import Glibc
import KeyDistribution
import Synchronization
import SystemClock
import Wire

/// One line an event: when, what, who, for whom, from where. Names are of the protocol's own
/// alphabet and addresses are written by us, so that nothing hostile can stand in a line.
final class EventLog: Sendable {
  private let descriptor: Int32
  private let hasFailed = Mutex(false)
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

  func write(_ event: CenterEvent, at now: Timestamp) {
    let line = [UInt8](Self.line(event, at: now).utf8)
    // One write a line: with O_APPEND lines of several threads do not mix.
    let written = unsafe line.withUnsafeBytes { bytes in
      unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    }
    let isFirstFailure = hasFailed.withLock { hasFailed in
      defer { hasFailed = written != line.count }
      return written != line.count && !hasFailed
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
    case .keyIssued(let purpose, let ticketID):
      let id = ticketID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      fields += ["key-issued", "purpose=\(purpose)", "ticket=\(id)"]
    case .announced: fields.append("announced")
    case .withdrawn: fields.append("withdrawn")
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
