internal import Dispatch
internal import DurableFiles
internal import SecretMemory
internal import Synchronization

/// Appends lines to a file on a queue of its own, in the order in which they are handed over.
///
/// All lines that are waiting go out with one write and, where they have to be durable, one
/// fdatasync: the busier the KDC, the fewer of those a line costs (group commit). After a failed
/// fdatasync nothing is written any more.
final class LineAppender: Sendable {
  typealias Completion = @Sendable (_ isWritten: Bool) -> Void

  private struct Waiting {
    var lines: [UInt8] = []
    var completions: [Completion] = []
    /// Somebody is going to take the lines.
    var isScheduled = false
    var isClosed = false
  }

  private struct Output: ~Copyable {
    var file: AppendFile?
    /// Told once, not again for every line that the same thing happens to.
    var reported: FileFailure?
  }

  private let path: String
  private let isDurable: Bool
  private let report: @Sendable (FileProblem) -> Void
  private let queue = DispatchQueue(label: "trent.line-appender")
  private let waiting = Mutex(Waiting())
  /// Locked on `queue` only, for as long as the disk takes.
  private let output: Mutex<Output>

  /// - Parameter isDurable: whether a line counts as written only when it is on the disk.
  init(
    path: String, isDurable: Bool, report: @escaping @Sendable (FileProblem) -> Void
  ) throws(FileFailure) {
    self.path = path
    self.isDurable = isDurable
    self.report = report
    var file = try AppendFile(path: path)
    // What an earlier process has written counts as well, and may not be on the disk yet.
    if isDurable { try file.sync() }
    output = Mutex(Output(file: file))
  }

  /// Hands over a line (without its newline). `completion` is called on the queue.
  func append(_ line: String, completion: Completion? = nil) {
    let isAccepted = schedule { waiting in
      waiting.lines.append(contentsOf: line.utf8)
      waiting.lines.append(UInt8(ascii: "\n"))
      if let completion { waiting.completions.append(completion) }
    }
    if !isAccepted { completion?(false) }
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
          tell(error, &output)
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
    let isWritten = output.withLock { write(batch.lines, to: &$0) }
    for completion in batch.completions { completion(isWritten) }
  }

  private func write(_ lines: [UInt8], to output: inout Output) -> Bool {
    do throws(FileFailure) {
      guard output.file != nil else { return false }
      try output.file?.append(lines.bytes)
      if isDurable { try output.file?.sync() }
      output.reported = nil
      return true
    } catch {
      tell(error, &output)
      return false
    }
  }

  private func tell(_ failure: FileFailure, _ output: inout Output) {
    guard output.reported != failure else { return }
    output.reported = failure
    report(FileProblem(path: path, kind: .file(failure)))
  }
}
