import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

/// A folder and what is outside of it, by the kernel's own confinement and by ours (HOSTILE E.19
/// and E.20).
@Suite struct ConfinedFolderTests {
  private let outside: TemporaryFolder
  private let inside: TemporaryFolder

  init() throws {
    outside = try TemporaryFolder()
    inside = try TemporaryFolder()
    try outside.put("secret", at: "file")
  }

  private func path(_ text: String) throws -> ConfinedPath { try #require(ConfinedPath(text)) }

  @Test(arguments: [
    "", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a", "a/.", "a//b", "a/", "a\0b",
  ])
  func whatIsNoPathBelowAFolderIsNone(text: String) {
    #expect(ConfinedPath(text) == nil)
  }

  @Test func pathsKnowTheirParts() throws {
    #expect(try path("a/b/c").parent == path("a/b"))
    #expect(try path("a/b/c").name == path("c"))
    #expect(try path("a").parent == nil)
    #expect(try path("a").appending([UInt8]("../x".utf8)) == nil)
  }

  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func thingsAreMadeAndFoundBelow(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    try folder.makeFolder(path("a"))
    try folder.makeFolder(path("a"))
    try folder.makeFolder(path("a/b"))
    try folder.openOwn(path("a/b/c")).write([1, 2, 3].bytes)
    #expect(try folder.openFile(path("a/b/c")).size() == 3)
    #expect(try permissions(inside.file("a/b")) == 0o700)
    #expect(try permissions(inside.file("a/b/c")) == 0o600)
    #expect(try folder.openFolder(path("a")).names() == [path("b")])
    #expect(try folder.status(path("a/x/y")) == nil)
  }

  /// A link in any place of a path: nothing is opened, made, asked or removed through it.
  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func linksAreNeverFollowed(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    #expect(unsafe symlink(outside.path, inside.file("way")) == 0)
    #expect(unsafe symlink(outside.file("file"), inside.file("last")) == 0)
    #expect(unsafe symlink("/proc/self/root", inside.file("magic")) == 0)
    let victims = try [
      path("way/file"), path("way/new"), path("last"), path("magic/etc/passwd"),
    ]
    for victim in victims {
      #expect(throws: FileFailure.self) { _ = try folder.openFile(victim) }
      #expect(throws: FileFailure.self) { _ = try folder.openOwn(victim) }
      #expect(throws: FileFailure.self) { try folder.makeFolder(victim) }
      #expect(throws: FileFailure.self) {
        try folder.makeLink(victim, to: "x", modified: timespec())
      }
    }
    for victim in victims where victim.parent != nil {
      #expect(throws: FileFailure.self) { try folder.removeAll(victim) }
      #expect(throws: FileFailure.self) { _ = try folder.status(victim) }
    }
    #expect(throws: FileFailure.self) { _ = try folder.openFolder(path("way")) }
    #expect(outside.entries == ["file"])
    #expect(try outside.text(of: "file") == "secret")
  }

  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func removalTakesLinksAndNotWhatTheyLeadTo(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    try folder.makeFolder(path("a"))
    try folder.makeFolder(path("a/b"))
    try inside.put("x", at: "a/b/c")
    #expect(unsafe symlink(outside.path, inside.file("a/b/way")) == 0)
    #expect(unsafe chmod(inside.file("a/b"), 0o500) == 0)
    try folder.removeAll(path("a"))
    try folder.removeAll(path("a"))
    #expect(inside.entries == [])
    #expect(outside.entries == ["file"])
  }

  /// A hard link would let a file outside grow.
  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func hardLinksAndPipesAreNoFilesOfOurs(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    #expect(unsafe link(outside.file("file"), inside.file("hard")) == 0)
    #expect(unsafe mkfifo(inside.file("pipe"), 0o600) == 0)
    for name in ["hard", "pipe"] {
      #expect(throws: FileFailure.self) { _ = try folder.openOwn(path(name)) }
    }
    #expect(throws: FileFailure.self) { _ = try folder.openFile(path("pipe")) }
    #expect(try outside.text(of: "file") == "secret")
  }

  /// The confinement holds while somebody exchanges a folder for a link, again and again.
  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func linkSwappedInDuringTheWritingLeadsNowhere(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    try folder.makeFolder(path("real"))
    #expect(unsafe symlink(outside.path, inside.file("swap")) == 0)
    for round in 0..<200 {
      if round.isMultiple(of: 2) {
        #expect(unsafe rename(inside.file("real"), inside.file("aside")) == 0)
        #expect(unsafe rename(inside.file("swap"), inside.file("real")) == 0)
      }
      try? folder.openOwn(path("real/file\(round)")).write([1].bytes)
      if round.isMultiple(of: 2) {
        #expect(unsafe rename(inside.file("real"), inside.file("swap")) == 0)
        #expect(unsafe rename(inside.file("aside"), inside.file("real")) == 0)
      }
    }
    #expect(outside.entries == ["file"])
    #expect(try folder.openFolder(path("real")).names().count == 100)
  }

  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func movingReplacesOnlyWhereItShall(_ way: ConfinedFolder.Resolution) throws {
    let folder = try ConfinedFolder(inside.path, way)
    try inside.put("new", at: "new")
    try inside.put("old", at: "old")
    #expect(throws: FileFailure.self) { try folder.move(path("new"), to: folder, as: path("old")) }
    #expect(try inside.text(of: "old") == "old")
    try folder.replace(path("new"), in: folder, as: path("old"))
    #expect(try inside.text(of: "old") == "new")
    #expect(inside.entries == ["old"])
  }
}
