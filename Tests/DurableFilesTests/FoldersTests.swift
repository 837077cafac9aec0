import DurableFiles
import Glibc
import Testing

@Suite struct FoldersTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func chainIsPrivateAndMakingItAgainIsNoError() throws {
    for _ in 0..<2 { try createPrivateFolders(folder.file("a/b//c/")) }
    for name in ["a", "a/b", "a/b/c"] { #expect(try permissions(folder.file(name)) == 0o700) }
  }

  @Test func existingFolderKeepsItsPermissions() throws {
    unsafe mkdir(folder.file("open"), 0o755)
    unsafe chmod(folder.file("open"), 0o755)
    try createPrivateFolders(folder.file("open"))
    #expect(try permissions(folder.file("open")) == 0o755)
  }

  @Test func fileInTheWayIsRefused() throws {
    try folder.put("", at: "file")
    for name in ["file", "file/below"] {
      let failure = #expect(throws: FileFailure.self) {
        try createPrivateFolders(folder.file(name))
      }
      #expect(failure?.errno == ENOTDIR)
    }
  }

  @Test func pathsComeApartAsTheyWereJoined() {
    #expect(joinPath("a", "b") == "a/b")
    #expect(joinPath("a/", "b") == "a/b")
    #expect(joinPath("/", "b") == "/b")
    #expect(joinPath("", "b") == "b")
    #expect(parentFolder(of: "/x/y") == "/x")
    #expect(parentFolder(of: "/y") == "/")
    #expect(parentFolder(of: "y") == ".")
    #expect(lastComponent(of: "/x/y") == "y")
    #expect(lastComponent(of: "y") == "y")
    #expect(lastComponent(of: "x/") == "")
  }

  /// CVE-2023-43620: a name from outside must not reach the terminal as it is.
  @Test func failureShowsControlCharactersByNumber() {
    let failure = FileFailure(path: "a\u{1b}[2J\u{202e}", operation: .open, errno: ENOENT)
    #expect(failure.description == "cannot open a\\u{1B}[2J\\u{202E}: No such file or directory")
  }
}
