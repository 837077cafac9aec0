import Foundation

/// All that a running program has written to its memory, and its registers, as gdb's
/// `generate-core-file` saves them: mappings that are excluded from dumps and locked ones, too.
struct CoreDump {
  private let bytes: Data
  var byteCount: Int { bytes.count }

  /// Stops the program for as long as it takes.
  ///
  /// - Parameter user: whose rights to do it with; nil: those of the tests.
  /// - Throws: when there is no dump, with what gdb says.
  init(of processID: pid_t, in folder: Folder, as user: String? = nil) async throws {
    let path = folder.path("core.\(processID).\(UInt64.random(in: 0...UInt64.max))")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let asUser = user.map { ["setpriv", "--reuid", $0, "--clear-groups"] } ?? []
    let words = [
      "gdb", "-p", "\(processID)", "--batch", "-nx", "--readnever",
      "-ex", "set dump-excluded-mappings on", "-ex", "generate-core-file \(path)",
    ]
    let said = try await Self.run(asUser + words)
    guard let bytes = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else {
      throw WaitedInVain(description: "a core dump: \(said.suffix(1000))")
    }
    self.bytes = bytes
  }

  /// - Returns: what the command has said.
  static func run(_ words: [String]) async throws -> String {
    var plan = try SpawnPlan()
    let pipe = try Pipe()
    try plan.openNothing(as: STDIN_FILENO)
    try plan.connect(try duplicate(pipe.writingEnd), to: STDOUT_FILENO)
    try plan.connect(pipe.writingEnd, to: STDERR_FILENO)
    let output = CapturedOutput(pipe.readingEnd)
    let processID = try plan.spawn(
      "/usr/bin/env", words, environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"])
    _ = consume plan
    do {
      try await eventually("the end of \(words[0])", report: output.text) {
        waitpid(processID, nil, WNOHANG) == processID ? () : nil
      }
    } catch {
      kill(processID, SIGKILL)
      waitpid(processID, nil, 0)
      throw error
    }
    return output.text
  }

  func write(to path: String) throws { try bytes.write(to: URL(filePath: path)) }

  /// The names of what is found, once for each.
  func findings(of patterns: SecretPatterns) -> Set<String> {
    unsafe bytes.withUnsafeBytes { unsafe patterns.names(in: $0) }
  }
}
