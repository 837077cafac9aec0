import DurableFiles
import Testing

/// What a process that was killed between two steps of `AtomicFile` leaves.
@Suite struct PartialFilesTests {
  @Test func onlyPartialFilesOfThatNameGo() throws {
    let folder = try TemporaryFolder()
    let kept = [
      "kdc.key", ".kdc.key.abc12.partial", ".kdc.key.abc1234.partial", ".kdc.key.abc123.part",
      ".pwd.txt.abc123.partial", "kdc.key.abc123.partial",
    ]
    for name in kept + [".kdc.key.abc123.partial", ".kdc.key.zzzzzz.partial"] {
      try folder.put("content", at: name)
    }
    try removePartialFiles(of: folder.file("kdc.key"))
    #expect(folder.entries == kept.sorted())
  }

  @Test func aFolderThatIsNotThereIsAFailure() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileFailure.self) {
      try removePartialFiles(of: folder.file("nowhere/kdc.key"))
    }
  }
}
