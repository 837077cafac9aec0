import DurableFiles
import Glibc
import Testing

@Suite struct WipedFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [0, 1, 4096, 10_000]) func nothingOfTheContentIsLeft(count: Int) throws {
    try folder.put(String(repeating: "k", count: count), at: "key")
    // A second name keeps the content to be looked at.
    #expect(unsafe link(folder.file("key"), folder.file("witness")) == 0)
    #expect(try wipeFile(folder.file("key")))
    #expect(folder.entries == ["witness"])
    #expect(try folder.text(of: "witness") == String(repeating: "\0", count: count))
  }

  @Test func absentFileIsNoError() throws {
    #expect(try !wipeFile(folder.file("absent")))
  }

  @Test func aLinkIsRemovedAndItsTargetUntouched() throws {
    try folder.put("precious", at: "target")
    #expect(unsafe symlink("target", folder.file("link")) == 0)
    #expect(try wipeFile(folder.file("link")))
    #expect(folder.entries == ["target"])
    #expect(try folder.text(of: "target") == "precious")
  }

  @Test func entriesOfFolders() throws {
    try folder.put("", at: "b")
    try folder.put("", at: ".a")
    #expect(try folderEntries(folder.path) == [".a", "b"])
    #expect(try folderEntries(folder.file("absent")) == [])
    #expect(throws: FileFailure.self) { _ = try folderEntries(folder.file("b")) }
  }
}
