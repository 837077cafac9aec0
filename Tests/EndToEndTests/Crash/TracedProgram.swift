import Foundation
import KeyDistribution
import Synchronization
import Testing

/// A command that a crash test has started, mostly a KDC with a fault.
final class TracedProgram: Sendable {
  let output: CapturedOutput
  let errors: CapturedOutput
  private let processID: pid_t
  private struct Life {
    var status: Int32?
    var wasKilled = false
  }
  private let life = Mutex(Life())

  init(_ command: [String]) throws {
    var plan = try SpawnPlan()
    try plan.openNothing(as: STDIN_FILENO)
    let outputs = (try Pipe(), try Pipe())
    try plan.connect(outputs.0.writingEnd, to: STDOUT_FILENO)
    try plan.connect(outputs.1.writingEnd, to: STDERR_FILENO)
    output = CapturedOutput(outputs.0.readingEnd)
    errors = CapturedOutput(outputs.1.readingEnd)
    let program = try #require(command.first)
    processID = try plan.spawn(
      program, Array(command.dropFirst()), environment: ["PATH": "/usr/bin:/bin"])
  }

  /// A KDC with its files in `folder`.
  static func kdc(in folder: Folder, _ fault: Fault = .none) throws -> TracedProgram {
    try TracedProgram(
      fault.wrapper + [
        ProgramFile.kdc.path, "-p", "0", "-a", "127.0.0.1", "-f", folder.path("pwd.txt"), "-o",
        folder.path("out.txt"),
      ] + folder.unbrakedKDC())
  }

  /// Waits until the KDC serves; nil if it ends before.
  func service() async throws -> Service? {
    try await eventually("the KDC's first lines or its end", report: errors.text) {
      let lines = output.lines
      if lines.count >= 2 { return .some(try Service(lines)) }
      return status != nil && output.hasEnded ? .some(nil) : nil
    }
  }

  /// As a shell tells it: 128 and more for a signal. Nil while it runs.
  private var status: Int32? {
    life.withLock { life in
      Self.look(at: &life, of: processID)
      return life.status
    }
  }

  private static func look(at life: inout Life, of processID: pid_t) {
    var status: Int32 = 0
    guard life.status == nil, unsafe waitpid(processID, &status, WNOHANG) == processID else {
      return
    }
    let signal = status & 0x7f
    life.status = signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  /// `kill -9`, unless it has ended already.
  func kill() {
    life.withLock { life in
      Self.look(at: &life, of: processID)
      guard life.status == nil else { return }
      life.wasKilled = true
      Foundation.kill(processID, SIGKILL)
    }
  }

  /// Whether `kill` found it alive.
  var wasKilled: Bool { life.withLock { $0.wasKilled } }

  /// Waits for the end and for all that it has said.
  func end() async throws -> Int32 {
    try await eventually("the end", report: errors.text) {
      let status = status
      return output.hasEnded && errors.hasEnded ? status : nil
    }
  }
}

/// Where a KDC serves and who it is.
struct Service: Sendable {
  let port: UInt16
  let realm: Realm

  /// Reads the first lines of a KDC's standard output.
  init(_ lines: [String]) throws {
    port = try #require(lines[0].split(separator: " ").last.flatMap { UInt16($0) })
    realm = try #require(Realm(word: lines[1]))
  }
}
