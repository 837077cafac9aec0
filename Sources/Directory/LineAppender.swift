internal import Dispatch
internal import DurableFiles
internal import Glibc
internal import SecretMemory
internal import Synchronization

/// Appends lines to a file on a queue of its own, in the order in which they are handed over.
///
/// All lines that are waiting go out with one write and, where they have to be durable, one
/// fdatasync: the busier the KDC, the fewer of those a line costs (group commit). After a failed
/// fdatasync nothing is written any more.
final class LineAppender: Sendable {
  /// Is told where in the file the line starts; nil if it could not be written.
  typealias Completion = @Sendable (_ offset: UInt64?) -> Void

  private struct Waiting {
    var lines: [UInt8] = []
    /// Each with the place of its line among the lines that wait.
    var completions: [(place: Int, Completion)] = []
    /// Somebody is going to take the lines.
    var isScheduled = false
    var isClosed = false
  }

  private struct Output: ~Copyable {
    var file: AppendFile?
    /// Told once, not again for every line that the same thing happens to.
    var reported: FileProblem?
  }

  private let path: String
  private let isDurable: Bool
  private let byteLimit: Int
  private let report: @Sendable (FileProblem) -> Void
  private let queue = DispatchQueue(label: "trent.line-appender")
  private let waiting = Mutex(Waiting())
  /// Locked on `queue` only, for as long as the disk takes.
  private let output: Mutex<Output>

  /// - Parameters:
  ///   - isDurable: whether a line counts as written only when it is on the disk.
  ///   - byteLimit: how long the file may become: no longer than what can be read again.
  init(
    path: String, isDurable: Bool, byteLimit: Int,
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(FileFailure) {
    self.path = path
    self.isDurable = isDurable
    self.byteLimit = byteLimit
    self.report = report
    var file = try AppendFile(path: path)
    // What an earlier process has written counts as well, and may not be on the disk yet.
    if isDurable { try file.sync() }
    output = Mutex(Output(file: file))
  }

  /// Hands over a line (without its newline). `completion` is called on the queue.
  func append(_ line: String, completion: Completion? = nil) {
    let isAccepted = schedule { waiting in
      if let completion { waiting.completions.append((waiting.lines.count, completion)) }
      waiting.lines.append(contentsOf: line.utf8)
      waiting.lines.append(UInt8(ascii: "\n"))
    }
    if !isAccepted { completion?(nil) }
  }

  /// Puts a new file in the place of the old one, between two writes.
  ///
  /// - Parameter content: makes the new content, on the queue. Lines that are waiting meanwhile are
  ///   appended to it.
  func replace(with content: @escaping @Sendable () -> [UInt8]) {
    queue.async { [self] in
      output.withLock { output in
        do throws(FileFailure) {
          try AtomicFile.replace(path, with: content().bytes)
          output.file = try AppendFile(path: path)
        } catch {
          tell(.file(error), &output)
        }
      }
    }
  }

  /// Waits until everything handed over is written, and lets go of the file. What is handed over
  /// later is not written. Never called from a completion.
  func close() {
    waiting.withLock { $0.isClosed = true }
    queue.sync { output.withLock { $0.file = nil } }
  }

  private func schedule(_ add: (inout Waiting) -> Void) -> Bool {
    let (isAccepted, isFirst) = waiting.withLock { waiting in
      guard !waiting.isClosed else { return (false, false) }
      add(&waiting)
      defer { waiting.isScheduled = true }
      return (true, !waiting.isScheduled)
    }
    if isFirst { queue.async { self.writeWaiting() } }
    return isAccepted
  }

  private func writeWaiting() {
    let batch = waiting.withLock { waiting in
      defer {
        waiting.lines = []
        waiting.completions = []
        waiting.isScheduled = false
      }
      return waiting
    }
    let start = output.withLock { write(batch.lines, to: &$0) }
    for (place, completion) in batch.completions { completion(start.map { $0 + UInt64(place) }) }
  }

  /// Tells where the first line starts; nil when they could not be written.
  private func write(_ lines: [UInt8], to output: inout Output) -> UInt64? {
    do throws(FileFailure) {
      guard try output.file?.isAsLeft(endingWith: UInt8(ascii: "\n")) ?? true else {
        tell(.changedByOthers, &output)
        return nil
      }
      guard let start = output.file?.length else { return nil }
      guard start + UInt64(lines.count) <= UInt64(byteLimit) else {
        throw FileFailure(path: path, operation: .write, errno: EFBIG)
      }
      try output.file?.append(lines.bytes)
      if isDurable { try output.file?.sync() }
      output.reported = nil
      return start
    } catch {
      tell(.file(error), &output)
      return nil
    }
  }

  private func tell(_ kind: FileProblem.Kind, _ output: inout Output) {
    let problem = FileProblem(path: path, kind: kind)
    guard output.reported != problem else { return }
    output.reported = problem
    report(problem)
  }
}
