import Cryptography
import FileTransfer
import Glibc
import SecretMemory
import Testing

@testable import TrentClient

/// What is sent without being on a disk.
@Suite struct InputSourceTests {
  private let person = ScriptedPerson()

  private func read(_ source: inout InputSource, upTo count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var elements = bytes.mutableSpan
    var buffer = unsafe elements.mutableBytes
    let filled = try source.read(into: &buffer)
    return [UInt8](bytes.prefix(filled))
  }

  @Test func bytesAreAFileOfTheirName() throws {
    let content = [UInt8](0..<100)
    var source = try InputSource(.bytes(content, named: "a/b\u{7}.bin"), telling: person)
    #expect(source.manifest.content == .files && source.manifest.totalSize == 100)
    // A name from elsewhere is cleaned as that of a file is.
    #expect(source.manifest.entries.count == 1)
    #expect(source.manifest.entries[0].path.names.count == 1)
    #expect(try read(&source, upTo: 60) == [UInt8](content[..<60]))
    #expect(try read(&source, upTo: 60) == [UInt8](content[60...]))
    #expect(try read(&source, upTo: 60).isEmpty)
  }

  /// A receiver that has the beginning is asked for its hash, and sent the rest.
  @Test func bytesAreGoneOnWith() throws {
    let content = [UInt8](0..<100)
    var source = try InputSource(.bytes(content, named: "file"), telling: person)
    #expect(try source.hash(first: 30) == SHA256.hash([UInt8](content[..<30]).bytes))
    try source.seek(to: 30)
    #expect(try read(&source, upTo: 100) == [UInt8](content[30...]))
    try source.seek(to: 0)
    #expect(try read(&source, upTo: 100) == content)
    let canStartAgain = source.canStartAgain
    #expect(canStartAgain)
  }

  @Test func nothingIsAnEmptyFile() throws {
    var source = try InputSource(.bytes([], named: "empty"), telling: person)
    #expect(source.manifest.totalSize == 0)
    #expect(try read(&source, upTo: 10).isEmpty)
  }

  @Test func aDescriptorIsAStreamAndStaysOpen() throws {
    var ends: [Int32] = [0, 0]
    #expect(unsafe pipe(&ends) == 0)
    defer { close(ends[0]) }
    #expect(unsafe write(ends[1], "abc", 3) == 3)
    close(ends[1])
    do {
      var source = try InputSource(.descriptor(ends[0], named: "log"), telling: person)
      #expect(source.manifest.content == .stream && source.manifest.totalSize == nil)
      #expect(source.manifest.entries[0].path.description == "log")
      let couldStartAgain = source.canStartAgain
      #expect(couldStartAgain)
      #expect(try read(&source, upTo: 10) == [UInt8]("abc".utf8))
      // What has come out of a pipe is gone.
      let canStartAgain = source.canStartAgain
      #expect(!canStartAgain)
    }
    #expect(fcntl(ends[0], F_GETFD) >= 0)
  }

  @Test func aClosedDescriptorIsTold() {
    do {
      _ = try InputSource(.descriptor(-1, named: "log"), telling: person)
      Issue.record("read from nothing")
    } catch {
      #expect(error.status == .fileFailure)
    }
  }
}
