import DurableFiles
import Glibc
import SecretMemory
import Testing

@Suite struct SecretFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func absentFileIsNilAndNoError() throws {
    let contents = try readSecretFile(folder.file("absent"), limit: 10)
    #expect(text(of: contents) == nil)
  }

  @Test(arguments: [0, 1, 9, 10]) func allOfAFileWithinTheLimitIsRead(count: Int) throws {
    let text = String(repeating: "k", count: count)
    try folder.put(text, at: "key")
    let contents = try readSecretFile(folder.file("key"), limit: 10)
    #expect(DurableFilesTests.text(of: contents) == text)
  }

  @Test func oneByteBeyondTheLimitIsRefused() throws {
    try folder.put("12345678901", at: "key")
    let failure = #expect(throws: FileFailure.self) {
      _ = try readSecretFile(folder.file("key"), limit: 10)
    }
    #expect(failure?.errno == EFBIG)
  }

  @Test func endlessDeviceStopsAtTheLimit() throws {
    #expect(throws: FileFailure.self) { _ = try readSecretFile("/dev/zero", limit: 10) }
  }

  @Test func folderIsRefused() throws {
    let failure = #expect(throws: FileFailure.self) {
      _ = try readSecretFile(folder.path, limit: 10)
    }
    #expect(failure?.description == "cannot read \(folder.path): Is a directory")
  }

  @Test(arguments: [(0o600, false), (0o400, false), (0o640, true), (0o604, true)])
  func whoElseMayReadIsTold(mode: Int, open: Bool) throws {
    try folder.put("k", at: "key")
    unsafe chmod(folder.file("key"), mode_t(mode))
    guard let file = try SecretFile.read(folder.file("key"), limit: 10) else {
      throw TestProblem("read")
    }
    #expect(file.permissions == mode_t(mode))
    #expect(file.isOpenToOthers == open)
  }

  @Test func linesAreTakenOneByOneAndNothingMore() throws {
    let descriptor = try pipe(holding: "pass phrase\n\nlast")
    defer { close(descriptor) }
    var lines: [String] = []
    while let line = try readSecretLine(from: descriptor) {
      lines.append(String(decoding: [UInt8](line.bytes), as: UTF8.self))
    }
    #expect(lines == ["pass phrase", "", "last"])
  }

  @Test func restOfAPipeIsLeftForTheNextReader() throws {
    let descriptor = try pipe(holding: "secret\nrest")
    defer { close(descriptor) }
    _ = try readSecretLine(from: descriptor)
    var rest: [UInt8] = [0, 0, 0, 0, 0]
    #expect(unsafe read(descriptor, &rest, 5) == 4)
    #expect(rest == Array("rest".utf8) + [0])
  }

  @Test func lineOfExactlyTheLimitIsTakenAndALongerOneRefused() throws {
    for (text, fits) in [("12345678\n", true), ("12345678", true), ("123456789\n", false)] {
      let descriptor = try pipe(holding: text)
      defer { close(descriptor) }
      if fits {
        let line = try readSecretLine(from: descriptor, limit: 8)
        #expect(line?.count == 8)
      } else {
        #expect(throws: FileFailure.self) {
          _ = try readSecretLine(from: descriptor, limit: 8)
        }
      }
    }
  }
}
