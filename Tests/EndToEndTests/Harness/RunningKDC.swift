import Testing

/// A KDC that serves.
struct RunningKDC {
  let program: Program
  /// Where clients find it.
  let host: String
  private(set) var port: UInt16
  /// Its identity as one word.
  let word: String
  let folder: Folder
  private let logName: String

  var log: String { folder.text(of: logName) ?? "" }

  /// Waits until it serves.
  init(
    _ program: Program, folder: Folder, logName: String, host: String = "127.0.0.1"
  ) async throws {
    self.host = host
    self.program = program
    self.folder = folder
    self.logName = logName
    let lines = try await eventually("the KDC's first lines", report: program.report) {
      if program.exitStatus != nil, program.errors.hasEnded {
        throw WaitedInVain(description: "the KDC did not start\n\(program.report)")
      }
      return program.output.lines.count >= 2 ? program.output.lines : nil
    }
    try #require(lines[0].hasPrefix("listening on port "))
    port = try #require(lines[0].split(separator: " ").last.flatMap { UInt16($0) })
    word = lines[1]
  }

  /// Waits for a line of the log that contains all of `words` and returns it.
  @discardableResult
  func logged(_ words: String...) async throws -> String {
    try await eventually("\(words) in the log", report: log) {
      log.split(separator: "\n").map(String.init).first { line in
        words.allSatisfy { line.contains($0) }
      }
    }
  }

  /// The same KDC for those who reach it by way of somebody else's port.
  func reached(at port: UInt16) -> RunningKDC {
    var way = self
    way.port = port
    return way
  }

  /// Ends it as an operator does.
  func stop() async throws {
    program.signal(15)
    try await program.expectExit(0)
  }
}
