import Foundation

/// A program that has a secret as ours have theirs, and left a copy of it as careless ones do.
final class HiddenSecret: Sendable {
  private static let source = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/prctl.h>
    #include <unistd.h>

    int main(void) {
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      unsigned char *page =
          mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      mlock(page, 4096);
      madvise(page, 4096, MADV_DONTDUMP);
      if (read(0, page + 1000, 32) != 32) return 1;
      // No more than its second half is left.
      memset(page + 1000, 0, 16);
      write(1, "ready\\n", 6);
      pause();
    }
    """

  let processID: pid_t
  private let output: CapturedOutput

  init(_ secret: [UInt8], in folder: Folder) async throws {
    let program = try folder.program("hidden-secret", Self.source)
    var plan = try SpawnPlan()
    let (input, output) = (try Pipe(), try Pipe())
    try plan.connect(input.readingEnd, to: STDIN_FILENO)
    try plan.connect(output.writingEnd, to: STDOUT_FILENO)
    let processID = try plan.spawn(program, [], environment: [:])
    _ = consume plan
    self.processID = processID
    let captured = CapturedOutput(output.readingEnd)
    self.output = captured
    let written = unsafe write(input.writingEnd, secret, secret.count)
    close(input.writingEnd)
    guard written == secret.count else { throw TestProblem("write") }
    try await eventually("the secret in its place") {
      captured.lines.contains("ready") ? () : nil
    }
  }

  deinit {
    kill(processID, SIGKILL)
    waitpid(processID, nil, 0)
  }
}

/// A program without root's rights.
final class PowerlessProgram: Sendable {
  static let user = "nobody"

  let processID: pid_t

  init(_ words: [String], home: String) throws {
    var plan = try SpawnPlan()
    try plan.openNothing(as: STDIN_FILENO)
    processID = try plan.spawn(
      "/usr/bin/env", ["setpriv", "--reuid", Self.user, "--clear-groups"] + words,
      environment: ["PATH": "/usr/bin:/bin", "HOME": home, "TRENT_HOME": "\(home)/state"])
    _ = consume plan
  }

  deinit {
    kill(processID, SIGKILL)
    waitpid(processID, nil, 0)
  }
}

extension Folder {
  /// A folder in this one that everybody may use.
  func openToAll() throws -> Folder {
    let folder = try folder("everybody")
    for (path, mode) in [(path, mode_t(0o711)), (folder.path, 0o777)] {
      guard unsafe chmod(path, mode) == 0 else { throw TestProblem("chmod") }
    }
    return folder
  }
}
