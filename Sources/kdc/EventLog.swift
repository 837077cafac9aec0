import Dispatch
import Glibc
import KeyDistribution
import Synchronization
import SystemClock
import Wire

/// One line an event: when, what, who, for whom, from where. Names are of the protocol's own
/// alphabet and addresses are written by us, so that nothing hostile can stand in a line.
///
/// Lines are made and written by a thread of their own, which wakes up a few milliseconds after an
/// event and takes all that have come by then: a request costs one look at a queue, and a pipe that
/// nobody reads, or a terminal that is stopped, holds up nobody. What finds no room in the queue is
/// lost, and that is said.
final class EventLog: Sendable {
  private struct State {
    var waiting: [(CenterEvent, Timestamp)] = []
    /// Have no line in the log, since the latest line about those.
    var lost = 0
    /// The same since the start.
    var lostInAll = 0
    /// Found no room in the queue, and so have no record in the audit either.
    var dropped = 0
    var counts = EventCounts()
    /// The thread is going to take what waits.
    var isScheduled = false
  }

  /// What only the thread that writes looks at.
  private struct Output: ~Copyable {
    var descriptor: Int32
    var lines = EventLines()
    var hasFailed = false
  }

  /// How many events may wait.
  private static let limit = 10_000
  /// How long events may gather.
  private static let gatheringMicroseconds: UInt32 = 5000
  /// How long the end of the KDC waits for lines to be written.
  private static let patience = DispatchTimeInterval.seconds(2)

  private let writer = DispatchQueue(label: "event log")
  private let state = Mutex(State())
  private let output: Mutex<Output>
  private let audit: AuditTrail?
  private let report: @Sendable (String) -> Void

  /// - Parameters:
  ///   - path: where the lines go; nil: standard error.
  ///   - audit: gets every event, whatever its level, in the same batches.
  ///   - report: is told once when lines can no longer be written.
  init(
    path: String?, audit: AuditTrail? = nil, report: @escaping @Sendable (String) -> Void
  ) throws(EventLogFailure) {
    self.audit = audit
    self.report = report
    output = Mutex(Output(descriptor: try Self.open(path)))
  }

  private static func open(_ path: String?) throws(EventLogFailure) -> Int32 {
    guard let path else { return STDERR_FILENO }
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      throw EventLogFailure(path: path, reason: unsafe String(cString: strerror(errno)))
    }
    return descriptor
  }

  deinit { output.withLock { Self.close($0.descriptor) } }

  private static func close(_ descriptor: Int32) {
    if descriptor != STDERR_FILENO { Glibc.close(descriptor) }
  }

  /// Goes on in the file that is at the path now, which is made if it is not there: the one before
  /// may have been moved away. What has been told so far is in that one. When the new one cannot be
  /// opened, the old one goes on.
  func reopen(_ path: String?) throws(EventLogFailure) {
    let next = try Self.open(path)
    writer.async { [self] in
      writeWaiting()
      output.withLock { output in
        Self.close(output.descriptor)
        output.descriptor = next
        output.hasFailed = false
      }
    }
  }

  /// The same for the audit, if there is one.
  func reopenAudit() throws { try audit?.reopen() }

  /// Never waits.
  func write(_ event: CenterEvent, at now: Timestamp) {
    let isFirst = state.withLock { state in
      state.counts.count(event)
      guard audit != nil || LogLevel.of(event) >= LogLevel.current else { return false }
      guard state.waiting.count < Self.limit else {
        state.lost += 1
        state.lostInAll += 1
        state.dropped += 1
        return false
      }
      state.waiting.append((event, now))
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    guard isFirst else { return }
    writer.async { [self] in
      // Here rather than by a timer, which would wake a thread up that wakes this one up.
      usleep(Self.gatheringMicroseconds)
      writeWaiting()
    }
  }

  /// Of all events, those without a line among them.
  var counts: EventCounts { state.withLock { $0.counts } }

  /// Nil without an audit.
  var auditHealth: AuditTrail.Health? { audit?.health }

  /// How many events have no line because there was no room for one, or it could not be written.
  var lostLines: Int { state.withLock { $0.lostInAll } }

  /// Waits until what has been told so far is written, but not for long. The audit ends with it.
  func close() {
    flush()
    audit?.close()
  }

  private func flush() {
    let done = DispatchSemaphore(value: 0)
    writer.async { [self] in
      writeWaiting()
      done.signal()
    }
    _ = done.wait(timeout: .now() + Self.patience)
  }

  private func writeWaiting() {
    var waiting: [(CenterEvent, Timestamp)] = []
    // Memory for as many again, so that nobody who holds the lock has to ask for it.
    waiting.reserveCapacity(state.withLock { $0.waiting.count })
    let (lost, dropped) = state.withLock { state in
      swap(&state.waiting, &waiting)
      defer {
        state.lost = 0
        state.dropped = 0
        state.isScheduled = false
      }
      return (state.lost, state.dropped)
    }
    guard !waiting.isEmpty || lost > 0 else { return }
    audit?.write(waiting, dropped: dropped)
    output.withLock { output in
      output.lines.removeAll()
      for (event, now) in waiting where LogLevel.of(event) >= LogLevel.current {
        output.lines.append(event, at: now)
      }
      if lost > 0 { output.lines.append(lost: lost, at: SystemClock.now) }
      let unwritten = write(&output)
      guard unwritten > 0 else { return }
      // The line about those that were lost before is the last one.
      let events = unwritten - (lost > 0 ? 1 : 0)
      state.withLock { state in
        state.lost += events + lost
        state.lostInAll += events
      }
    }
  }

  /// With O_APPEND lines of several processes do not mix, as long as each call takes whole ones.
  ///
  /// - Returns: how many lines are not written, or not wholly.
  private func write(_ output: inout Output) -> Int {
    var written = 0
    unsafe output.lines.bytes.withUnsafeBytes { bytes in
      while written < bytes.count {
        let rest = unsafe bytes[written...]
        let count = unsafe Glibc.write(
          output.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        written += count
      }
    }
    let isComplete = written == output.lines.bytes.count
    defer { output.hasFailed = !isComplete }
    if !isComplete, !output.hasFailed {
      report("events cannot be written: \(unsafe String(cString: strerror(errno)))")
    }
    return output.lines.bytes[written...].count { $0 == UInt8(ascii: "\n") }
  }
}

/// The file for events cannot be opened.
struct EventLogFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "cannot open \(path) for events: \(reason)" }
}
