import Foundation
import Synchronization
import Testing

/// A program that a test has started. Its outputs are captured; the stage kills it in the end.
final class Program: Sendable {
  /// Where a program's standard input comes from.
  enum Input {
    case nothing
    /// A pipe that the test writes to and closes.
    case pipe
    /// All three standard descriptors are a terminal, the program's controlling one.
    case terminal
  }

  let processID: pid_t
  let output: CapturedOutput
  /// The same as `output` when there is a terminal.
  let errors: CapturedOutput
  private let commandLine: String
  /// The writing end of standard input or the terminal's other end; -1 when closed.
  private let inputEnd: Mutex<Int32>
  private struct Life {
    var exitStatus: Int32?
    var peakMemory = 0
  }
  private let life = Mutex(Life())

  /// - Parameters:
  ///   - path: where the program is.
  ///   - outputGoesNowhere: standard output is a pipe that nobody reads any more.
  init(
    _ path: String, _ arguments: [String], environment: [String: String],
    input: Input = .nothing, outputGoesNowhere: Bool = false
  ) throws {
    commandLine = ([path] + arguments).joined(separator: " ")
    var plan = try SpawnPlan()
    let inputEnd: Int32
    if input == .terminal {
      let terminal = try PseudoTerminal()
      try plan.useTerminal(terminal)
      inputEnd = terminal.testSide
    } else if input == .pipe {
      let pipe = try Pipe()
      try plan.connect(pipe.readingEnd, to: STDIN_FILENO)
      inputEnd = pipe.writingEnd
    } else {
      try plan.openNothing(as: STDIN_FILENO)
      inputEnd = -1
    }
    if input == .terminal {
      output = CapturedOutput(try duplicate(inputEnd))
      errors = output
    } else {
      let outputs = (try Pipe(), try Pipe())
      try plan.connect(outputs.0.writingEnd, to: STDOUT_FILENO)
      try plan.connect(outputs.1.writingEnd, to: STDERR_FILENO)
      if outputGoesNowhere { close(outputs.0.readingEnd) }
      output = CapturedOutput(outputGoesNowhere ? -1 : outputs.0.readingEnd)
      errors = CapturedOutput(outputs.1.readingEnd)
    }
    self.inputEnd = Mutex(inputEnd)
    processID = try plan.spawn(path, arguments, environment: environment)
  }

  deinit { closeInput() }

  // MARK: Input

  /// Writes all of `bytes` to standard input; false when nobody reads any more.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    let descriptor = inputEnd.withLock { $0 }
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes {
        unsafe Foundation.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }

  /// Types a line at the terminal.
  func type(_ line: String) { write(Array((line + "\n").utf8)) }

  /// Whether the terminal shows what is typed.
  var echoes: Bool {
    var settings = termios()
    let code = inputEnd.withLock { unsafe tcgetattr($0, &settings) }
    return code == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
  }

  func closeInput() {
    inputEnd.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  // MARK: Output

  /// Waits for a line on standard error that contains `text` and returns it.
  @discardableResult
  func said(_ text: String) async throws -> String {
    try await eventually("\"\(text)\"", report: self.report) {
      if let line = errors.lines.first(where: { $0.contains(text) }) { return line }
      try stillRuns(orHasSaid: text)
      return nil
    }
  }

  /// Waits until the terminal shows `text`, which need not end a line, `count` times.
  func shown(_ text: String, times count: Int = 1) async throws {
    try await eventually("\"\(text)\" on the terminal", report: self.report) {
      if output.text.components(separatedBy: text).count > count { return () }
      try stillRuns(orHasSaid: text)
      return nil
    }
  }

  /// Ends the waiting when the program has ended and all that it said is known.
  private func stillRuns(orHasSaid text: String) throws {
    guard exitStatus != nil, errors.hasEnded, !errors.text.contains(text) else { return }
    throw WaitedInVain(description: "ended without having said \"\(text)\"\n\(report)")
  }

  /// For the log of a test that fails.
  var report: String {
    let status = exitStatus.map { "ended with \($0)" } ?? "runs"
    return """
      \(commandLine)
        \(status), standard error:
      \(errors.text)
      """
  }

  // MARK: End

  /// As a shell tells it: 128 and more for a signal. Nil while the program runs.
  var exitStatus: Int32? {
    life.withLock { life in
      if life.exitStatus != nil { return life.exitStatus }
      life.peakMemory = max(life.peakMemory, peakMemoryOfProcess())
      var status: Int32 = 0
      guard unsafe waitpid(processID, &status, WNOHANG) == processID else { return nil }
      let signal = status & 0x7f
      life.exitStatus = signal == 0 ? (status >> 8) & 0xff : 128 + signal
      return life.exitStatus
    }
  }

  /// The most resident memory the program has had, in bytes, as of the last look at it.
  var peakMemory: Int { life.withLock { $0.peakMemory } }

  private func peakMemoryOfProcess() -> Int { memory("VmHWM") }

  /// The resident memory of the program now, in bytes; 0 when it has ended.
  var residentMemory: Int { memory("VmRSS") }

  /// - Parameter field: of proc_pid_status(5), told there in kB.
  private func memory(_ field: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(field):") })
    else { return 0 }
    return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
  }

  /// Waits for the end and for all of the output.
  func exit(within limit: Duration = .seconds(20)) async throws -> Int32 {
    try await eventually("the end", within: limit, report: self.report) {
      let status = exitStatus
      return output.hasEnded && errors.hasEnded ? status : nil
    }
  }

  /// Waits for the end and expects it to be with `status`.
  func expectExit(
    _ status: Int32, within limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let ended = try await exit(within: limit)
    #expect(ended == status, "\(report)", sourceLocation: sourceLocation)
  }

  func signal(_ number: Int32) {
    guard exitStatus == nil else { return }
    kill(processID, number)
  }
}
