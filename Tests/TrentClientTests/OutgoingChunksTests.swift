import FileTransfer
import Glibc
import SecretMemory
import Testing

@testable import TrentClient

/// A file that changes while it is sent (HOSTILE E.21) is never sent as if it were whole.
@Suite struct OutgoingChunksTests {
  private let folder = TemporaryFolder()

  private func chunks(announcing size: UInt64?) -> OutgoingChunks {
    let key = SecretBytes(copying: [UInt8](repeating: 1, count: 32).bytes)
    let binding = [UInt8](repeating: 2, count: 32)
    return OutgoingChunks(
      ChunkSealer(fileKey: key, binding: binding.bytes, chunkSize: .standard), announcedSize: size)
  }

  @Test(arguments: [UInt64(99), 101, 0])
  func anotherSizeThanAnnouncedIsNoticedBeforeTheLastChunk(_ announced: UInt64) throws {
    let path = folder.write(String(repeating: "x", count: 100), to: "file")
    var input = try InputSource(.file(path), telling: ScriptedPerson())
    #expect(input.manifest.totalSize == 100)
    var chunks = chunks(announcing: announced)
    var isNoticed = false
    do {
      _ = try chunks.readNext(&input)
    } catch { isNoticed = true }
    #expect(isNoticed)
  }

  @Test(arguments: [UInt64(100), nil])
  func theAnnouncedSizeOrNoneIsFine(_ announced: UInt64?) throws {
    let path = folder.write(String(repeating: "x", count: 100), to: "file")
    var input = try InputSource(.file(path), telling: ScriptedPerson())
    var chunks = chunks(announcing: announced)
    #expect(try chunks.readNext(&input))
  }

  @Test func foldersAndMissingFilesAreTold() {
    for path in [folder.path, folder.path + "/missing"] {
      do {
        _ = try InputSource(.file(path), telling: ScriptedPerson())
        Issue.record("opened \(path)")
      } catch {
        #expect(error.exitCode == ExitStatus.fileFailure.rawValue)
      }
    }
  }

  @Test func onlyTheLastComponentOfAPathIsTold() throws {
    let input = try InputSource(
      .file(folder.write("x", to: "report.pdf")), telling: ScriptedPerson())
    #expect(input.manifest.entries.map(\.path.description) == ["report.pdf"])
    #expect(input.shownName == "\"report.pdf\"")
  }

  /// The sizes are the same, and so only the time or the bytes themselves tell.
  @Test func aFileThatIsChangedWhileItIsReadIsNoticed() throws {
    let path = folder.write("one", to: "file")
    var input = try InputSource(.file(path), telling: ScriptedPerson())
    #expect(try input.hash(first: 3).count == 32)
    _ = folder.write("two", to: "file")
    var times = [timespec(tv_sec: 5, tv_nsec: 0), timespec(tv_sec: 5, tv_nsec: 0)]
    #expect(unsafe utimensat(AT_FDCWD, path, &times, 0) == 0)
    #expect(throws: SourceFailure.self) { _ = try input.hash(first: 3) }
  }
}
