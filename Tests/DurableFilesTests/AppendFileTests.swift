import DurableFiles
import Glibc
import SecretMemory
import Testing

@Suite struct AppendFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func createdForItsOwnerAloneAndContinuedLater() throws {
    let path = folder.file("log")
    do {
      var log = try AppendFile(path: path)
      #expect(log.length == 0)
      try log.append(Array("one\n".utf8).bytes)
      try log.sync()
    }
    #expect(try permissions(path) == 0o600)
    var log = try AppendFile(path: path)
    #expect(log.length == 4)
    try log.append(Array("two\n".utf8).bytes)
    #expect(log.length == 8)
    #expect(try folder.text(of: "log") == "one\ntwo\n")
  }

  @Test func tornRecordIsCutOffAndTheNextFollowsTheLastWholeOne() throws {
    try folder.put("whole\nto", at: "log")
    var log = try AppendFile(path: folder.file("log"))
    try log.truncate(to: 6)
    try log.append(Array("next\n".utf8).bytes)
    #expect(try folder.text(of: "log") == "whole\nnext\n")
  }

  @Test func whatOthersDoToTheFileIsNoticed() throws {
    let path = folder.file("log")
    var log = try AppendFile(path: path)
    let newline = UInt8(ascii: "\n")
    try log.append(Array("mine\n".utf8).bytes)
    #expect(try log.isAsLeft(endingWith: newline))
    #expect(log.length == 5)
    try folder.put("mine\nothers", at: "log")
    #expect(try !log.isAsLeft(endingWith: newline))
    try folder.put("mine\nothers\n", at: "log")
    #expect(try log.isAsLeft(endingWith: newline))
    #expect(log.length == 12)
    try folder.put("mine\n", at: "log")
    #expect(try !log.isAsLeft(endingWith: newline))
    try folder.put("mine\nothers\n", at: "log")
    #expect(try log.isAsLeft(endingWith: newline))
    #expect(unsafe unlink(path) == 0)
    #expect(try !log.isAsLeft(endingWith: newline))
  }

  @Test func limitOnTheFileSizeLeavesWholeRecords() async throws {
    let path = folder.file("log")
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      var log = try AppendFile(path: path)
      try log.append([UInt8](repeating: 1, count: 6).bytes)
      var limit = rlimit(rlim_cur: 8, rlim_max: 8)
      try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      // Two bytes fit, so the first write is short and the second one fails.
      let failure = #expect(throws: FileFailure.self) { try log.append([2, 2, 2].bytes) }
      #expect(failure?.errno == EFBIG)
      #expect(log.length == 6)
      try log.append([3].bytes)
    }
    #expect(try folder.text(of: "log") == "\u{1}\u{1}\u{1}\u{1}\u{1}\u{1}\u{3}")
  }

  @Test func failedSyncIsFinal() throws {
    let path = folder.file("log")
    var log = try AppendFile(path: path)
    try log.append([1].bytes)
    // Puts a pipe, which cannot be synchronised, in the place of the open file.
    let pipe = try pipe(holding: "")
    defer { close(pipe) }
    let file = try linkStatus(path)
    for descriptor in 3..<Int32(1024) {
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else { continue }
      if status.st_ino == file.st_ino, status.st_dev == file.st_dev { dup2(pipe, descriptor) }
    }
    let failure = try #require(throws: FileFailure.self) { try log.sync() }
    #expect(throws: failure) { try log.append([2].bytes) }
    #expect(throws: failure) { try log.sync() }
    #expect(throws: failure) { try log.truncate(to: 0) }
  }

  @Test func whatIsNoFileIsRefused() throws {
    #expect(throws: FileFailure.self) { _ = try AppendFile(path: "/dev/null") }
    #expect(throws: FileFailure.self) { _ = try AppendFile(path: folder.path) }
    #expect(throws: FileFailure.self) { _ = try AppendFile(path: folder.file("no/log")) }
  }
}
