import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

private let hidden = ".trent-0123456789abcdef.partial"

/// How complete things get their names: among existing ones of every kind (HOSTILE E.20).
@Suite struct PlacementTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func staged(_ existing: ExistingPolicy, isFolder: Bool) throws -> Staging {
    let path = try #require(ConfinedPath("x.txt"))
    let inner = try #require(ConfinedPath("x.txt/in"))
    let file = StagedItem(
      path: isFolder ? inner : path, kind: .file(3), mode: 0o644, modified: 1000)
    let parent = StagedItem(path: path, kind: .folder, mode: 0o755, modified: 1000)
    var staging = try Staging(
      in: ConfinedFolder(folder.path), id: "0123456789abcdef", description: [1],
      items: isFolder ? [parent, file] : [file],
      Staging.Placement(existing: existing) { "\($1)-\($0)" })
    try staging.begin(at: 0)
    try staging.write(Array("new".utf8).bytes)
    return staging
  }

  /// Puts something of the name in the way.
  private func putInTheWay(_ what: String) throws {
    let path = folder.file("x.txt")
    switch what {
    case "file": try folder.put("old", at: "x.txt")
    case "link": #expect(unsafe symlink("elsewhere", path) == 0)
    case "pipe": #expect(unsafe mkfifo(path, 0o600) == 0)
    default:
      #expect(unsafe mkdir(path, 0o700) == 0)
      if what == "full folder" { try folder.put("old", at: "x.txt/old") }
    }
  }

  static let things = ["file", "link", "pipe", "folder", "full folder"]

  @Test(arguments: things, [true, false])
  func existingThingsAreNotTouchedUnasked(what: String, isFolder: Bool) throws {
    try putInTheWay(what)
    let before = try linkStatus(folder.file("x.txt"))
    let staging = try staged(.refuse, isFolder: isFolder)
    #expect(try staging.taken() == "x.txt")
    #expect(failure(finishing: staging) == StagingFailure.exists(path: folder.file("x.txt")))
    #expect(try linkStatus(folder.file("x.txt")).st_ino == before.st_ino)
    #expect(folder.entries == [hidden, "x.txt"])
  }

  @Test(arguments: things, [true, false])
  func anotherNameIsFound(what: String, isFolder: Bool) throws {
    try putInTheWay(what)
    try folder.put("second", at: "2-x.txt")
    let staging = try staged(.rename, isFolder: isFolder)
    #expect(try staging.taken() == nil)
    #expect(try staging.finish() == ["3-x.txt"])
    #expect(folder.entries == ["2-x.txt", "3-x.txt", "x.txt"])
    #expect(try folder.text(of: isFolder ? "3-x.txt/in" : "3-x.txt") == "new")
  }

  @Test(arguments: things, [true, false])
  func overwritingReplacesAllButPipesAndDevices(what: String, isFolder: Bool) throws {
    try putInTheWay(what)
    try folder.put("precious", at: "elsewhere")
    let staging = try staged(.overwrite, isFolder: isFolder)
    if what == "pipe" {
      #expect(failure(finishing: staging) == StagingFailure.exists(path: folder.file("x.txt")))
      #expect(try kind(folder.file("x.txt")) == S_IFIFO)
      return
    }
    #expect(try staging.finish() == ["x.txt"])
    #expect(try folder.text(of: isFolder ? "x.txt/in" : "x.txt") == "new")
    if isFolder { #expect(TemporaryFolder.entries(of: folder.file("x.txt")) == ["in"]) }
    #expect(try folder.text(of: "elsewhere") == "precious")
    #expect(folder.entries == ["elsewhere", "x.txt"])
  }

  @Test func somethingThatAppearsInTheLastMomentIsNotReplaced() throws {
    let staging = try staged(.refuse, isFolder: false)
    #expect(try staging.taken() == nil)
    let failure = failure(finishing: staging) { (step) throws(FileFailure) in
      if step == .place("x.txt") { try? folder.put("late", at: "x.txt") }
    }
    #expect(failure == StagingFailure.exists(path: folder.file("x.txt")))
    #expect(try folder.text(of: "x.txt") == "late")
  }

  // MARK: A name that the receiver has chosen

  private func single(_ path: String) throws -> Staging {
    let item = StagedItem(
      path: try #require(ConfinedPath("theirs")), kind: .file(3), mode: 0o777, modified: 1000)
    var staging = try Staging(
      replacing: path, id: "0123456789abcdef", description: [1], item: item)
    try staging.begin(at: 0)
    try staging.write(Array("new".utf8).bytes)
    return staging
  }

  @Test func aChosenNameReplacesAFileAndKeepsItsPermissions() throws {
    try folder.put("old", at: "out", mode: 0o604)
    #expect(try single(folder.file("out")).finish() == ["out"])
    #expect(try folder.text(of: "out") == "new")
    #expect(try permissions(folder.file("out")) == 0o604)
    #expect(folder.entries == ["out"])
  }

  @Test func aChosenNameThatIsALinkStaysOne() throws {
    try folder.put("old", at: "real")
    #expect(unsafe symlink("real", folder.file("out")) == 0)
    _ = try single(folder.file("out")).finish()
    #expect(try kind(folder.file("out")) == S_IFLNK)
    #expect(try folder.text(of: "real") == "new")
  }

  @Test func aChosenNameThatIsAFolderIsRefused() throws {
    #expect(unsafe mkdir(folder.file("out"), 0o700) == 0)
    let staging = try single(folder.file("out"))
    #expect(failure(finishing: staging) != nil)
    #expect(folder.entries == [hidden, "out"])
  }

  // MARK: Clean-up

  @Test func onlyForgottenStagingsOfOurOwnAreRemoved() throws {
    do { _ = try staged(.refuse, isFolder: true) }
    let names = [
      ".trent-0123456789abcdeg.partial", ".trent-0123.partial", "trent-0123456789abcdef.partial",
      ".trent-aaaaaaaaaaaaaaaa.partial", ".trent-bbbbbbbbbbbbbbbb.partial",
    ]
    for name in names {
      #expect(unsafe mkdir(folder.file(name), 0o700) == 0)
      try folder.put("x", at: "\(name)/source")
    }
    // One that others may look into, and one that is a link.
    #expect(unsafe chmod(folder.file(names[3]), 0o755) == 0)
    #expect(unsafe rename(folder.file(names[4]), folder.file("aside")) == 0)
    #expect(unsafe symlink("aside", folder.file(names[4])) == 0)
    let destination = try ConfinedFolder(folder.path)
    let before = folder.entries
    let now = time(nil)
    StagingFolder.removeForgotten(in: destination, now: now + StagingFolder.patience - 60)
    #expect(folder.entries == before)
    StagingFolder.removeForgotten(in: destination, now: now + StagingFolder.patience + 60)
    #expect(folder.entries == before.filter { $0 != hidden })
  }

  @Test func aStagingInUseIsNotForgotten() throws {
    let staging = try staged(.refuse, isFolder: true)
    let now = time(nil)
    StagingFolder.removeForgotten(
      in: try ConfinedFolder(folder.path), now: now + StagingFolder.patience + 60)
    #expect(try staging.finish() == ["x.txt"])
  }
}
