import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

/// Both ways of writing beside the destination: without a name, and under a hidden one.
private let ways = [true, false]

@Suite struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ways) func appearsWholeAtCommitAndNotBefore(unnamed: Bool) throws {
    let path = folder.file("out")
    var file = try AtomicFile(
      replacing: path, mode: 0o600, maskedByUmask: false, unnamed: unnamed)
    try file.write(Array("first ".utf8).bytes)
    try file.write(Array("second".utf8).bytes)
    #expect(try folder.text(of: "out") == nil)
    #expect(folder.entries.count == (unnamed ? 0 : 1))
    try file.commit()
    #expect(try folder.text(of: "out") == "first second")
    #expect(folder.entries == ["out"])
  }

  @Test(arguments: ways) func droppedWithoutCommitLeavesTheOldContentAndNoPartialFile(
    unnamed: Bool
  ) throws {
    try folder.put("old", at: "out")
    try folder.put("not ours", at: ".out.abcdef.partial")
    do {
      var file = try AtomicFile(
        replacing: folder.file("out"), mode: 0o600, maskedByUmask: false, unnamed: unnamed)
      try file.write(Array("new".utf8).bytes)
    }
    #expect(try folder.text(of: "out") == "old")
    #expect(folder.entries == [".out.abcdef.partial", "out"])
  }

  @Test func killedWhileWritingLeavesNothing() async throws {
    let path = folder.file("out")
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(Array("half".utf8).bytes)
      kill(getpid(), SIGKILL)
      try file.commit()
    }
    #expect(folder.entries == [])
  }

  @Test func killedWhileWritingLeavesTheOldContent() async throws {
    try folder.put("old", at: "out")
    let path = folder.file("out")
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var file = try AtomicFile(
        replacing: path, mode: 0o600, maskedByUmask: false, unnamed: false)
      try file.write(Array("half".utf8).bytes)
      kill(getpid(), SIGKILL)
      try file.commit()
    }
    #expect(try folder.text(of: "out") == "old")
  }

  @Test(arguments: ways) func exactModeIgnoresUmaskAndOldPermissions(unnamed: Bool) throws {
    try folder.put("old", at: "out", mode: 0o644)
    for mode: mode_t in [0o600, 0o666] {
      try AtomicFile(
        replacing: folder.file("out"), mode: mode, maskedByUmask: false, unnamed: unnamed
      ).commit()
      #expect(try permissions(folder.file("out")) == mode)
    }
  }

  @Test func maskedModeFollowsTheUmaskOrTheExistingFile() throws {
    let mask = umask(0)
    umask(mask)
    try AtomicFile(replacing: folder.file("new"), mode: 0o666, maskedByUmask: true).commit()
    #expect(try permissions(folder.file("new")) == 0o666 & ~mask)
    try folder.put("old", at: "kept", mode: 0o640)
    try AtomicFile(replacing: folder.file("kept"), mode: 0o666, maskedByUmask: true).commit()
    #expect(try permissions(folder.file("kept")) == 0o640)
  }

  @Test func symbolicLinkStaysAndItsTargetIsReplaced() throws {
    try createPrivateFolders(folder.file("there"))
    try folder.put("old", at: "there/target")
    unsafe symlink("there/target", folder.file("link"))
    unsafe symlink("link", folder.file("outer"))
    var file = try AtomicFile(replacing: folder.file("outer"), mode: 0o600)
    try file.write(Array("new".utf8).bytes)
    try file.commit()
    #expect(try kind(folder.file("link")) == S_IFLNK)
    #expect(try kind(folder.file("outer")) == S_IFLNK)
    #expect(try folder.text(of: "there/target") == "new")
    #expect(TemporaryFolder.entries(of: folder.file("there")) == ["target"])
  }

  @Test func danglingLinkGetsItsTargetAndALoopIsRefused() throws {
    unsafe symlink("missing", folder.file("link"))
    try AtomicFile(replacing: folder.file("link"), mode: 0o600).commit()
    #expect(try kind(folder.file("missing")) == S_IFREG)
    unsafe symlink("loop", folder.file("loop"))
    #expect(throws: FileFailure(path: folder.file("loop"), operation: .inspect, errno: ELOOP)) {
      _ = try AtomicFile(replacing: folder.file("loop"), mode: 0o600)
    }
  }

  @Test func linkSwappedInDuringTheTransferIsReplacedNotFollowed() throws {
    try folder.put("victim", at: "victim")
    var file = try AtomicFile(replacing: folder.file("out"), mode: 0o600)
    try file.write(Array("new".utf8).bytes)
    unsafe symlink("victim", folder.file("out"))
    try file.commit()
    #expect(try folder.text(of: "victim") == "victim")
    #expect(try kind(folder.file("out")) == S_IFREG)
  }

  @Test func deviceIsWrittenToAndNotReplaced() throws {
    // A device of the test's own, where we may make one; /dev/null itself otherwise.
    let own = folder.file("null")
    let path = unsafe mknod(own, S_IFCHR | 0o666, 0x103) == 0 ? own : "/dev/null"
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(Array("gone".utf8).bytes)
    try file.commit()
    #expect(try kind(path) == S_IFCHR)
  }

  @Test func pipeReceivesTheBytesAndStaysAPipe() throws {
    let path = folder.file("pipe")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let reader = unsafe open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(Array("through\n".utf8).bytes)
    try file.commit()
    #expect(try kind(path) == S_IFIFO)
    let line = try readSecretLine(from: reader)
    #expect(text(of: line) == "through")
  }

  @Test func descriptorByNameIsContinuedWhereItStands() throws {
    let descriptor = unsafe open(folder.file("log"), O_WRONLY | O_CREAT, 0o600)
    defer { close(descriptor) }
    #expect(write(descriptor, text: "before "))
    var file = try AtomicFile(replacing: "/dev/fd/\(descriptor)", mode: 0o600)
    try file.write(Array("after".utf8).bytes)
    try file.commit()
    #expect(try folder.text(of: "log") == "before after")
  }

  @Test func folderAsDestinationIsRefused() throws {
    for path in [folder.path, folder.path + "/", folder.file("missing/"), "."] {
      let failure = #expect(throws: FileFailure.self) {
        _ = try AtomicFile(replacing: path, mode: 0o600)
      }
      #expect(failure?.errno == EISDIR)
    }
    let failure = #expect(throws: FileFailure.self) {
      _ = try AtomicFile(replacing: folder.file("missing/out"), mode: 0o600)
    }
    #expect(
      failure?.description == "cannot open \(folder.file("missing")): No such file or directory")
  }

  @Test func longestNameAFilesystemTakesStillWorks() throws {
    let name = String(repeating: "n", count: 255)
    for unnamed in ways {
      try AtomicFile(
        replacing: folder.file(name), mode: 0o600, maskedByUmask: false, unnamed: unnamed
      ).commit()
    }
    #expect(folder.entries == [name])
  }
}

private func write(_ descriptor: Int32, text: String) -> Bool {
  var bytes = Array(text.utf8)
  let count = bytes.count
  return unsafe Glibc.write(descriptor, &bytes, count) == count
}
