import FileTransfer
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
    let input = try InputSource(.file(path))
    #expect(input.size == 100)
    var chunks = chunks(announcing: announced)
    var isNoticed = false
    do {
      _ = try chunks.readNext(input)
    } catch { isNoticed = true }
    #expect(isNoticed)
  }

  @Test(arguments: [UInt64(100), nil])
  func theAnnouncedSizeOrNoneIsFine(_ announced: UInt64?) throws {
    let input = try InputSource(.file(folder.write(String(repeating: "x", count: 100), to: "file")))
    var chunks = chunks(announcing: announced)
    #expect(try chunks.readNext(input))
  }

  @Test func foldersAndMissingFilesAreTold() {
    for path in [folder.path, folder.path + "/missing"] {
      do {
        _ = try InputSource(.file(path))
        Issue.record("opened \(path)")
      } catch {
        #expect(error.exitCode == ExitStatus.fileFailure.rawValue)
      }
    }
  }

  @Test func onlyTheLastComponentOfAPathIsTold() throws {
    let input = try InputSource(.file(folder.write("x", to: "report.pdf")))
    #expect(input.name == "report.pdf")
    #expect(input.shownName == "\"report.pdf\"")
  }
}
