import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

/// Files that take a place only if there is nothing.
@Suite struct NewFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String, unnamed: Bool, _ text: String) throws -> AtomicFile {
    var file = try AtomicFile(
      replacing: folder.file(name), mode: 0o600, maskedByUmask: false, unnamed: unnamed)
    try file.write(Array(text.utf8).bytes)
    return file
  }

  @Test(arguments: [true, false]) func takesAnEmptyPlace(unnamed: Bool) throws {
    let made = try file("out", unnamed: unnamed, "new").commitIfAbsent()
    #expect(made)
    #expect(try folder.text(of: "out") == "new")
    #expect(folder.entries == ["out"])
    var status = stat()
    let path = folder.file("out")
    #expect(unsafe stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(status.st_nlink == 1)
  }

  @Test(arguments: [true, false]) func leavesWhatIsThere(unnamed: Bool) throws {
    let second = try file("out", unnamed: unnamed, "second")
    // It comes after the second was begun.
    try folder.put("first", at: "out")
    let made = try second.commitIfAbsent()
    #expect(!made)
    #expect(try folder.text(of: "out") == "first")
    #expect(folder.entries == ["out"])
  }

  @Test func deviceIsNoEmptyPlace() throws {
    let made = try AtomicFile(replacing: "/dev/null", mode: 0o600).commitIfAbsent()
    #expect(!made)
  }

  @Test func folderThatIsNotThereIsTold() {
    #expect(throws: FileFailure.self) {
      _ = try AtomicFile(replacing: folder.file("none/out"), mode: 0o600).commitIfAbsent()
    }
  }
}
