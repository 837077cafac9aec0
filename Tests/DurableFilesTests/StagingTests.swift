import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

private let id = "0123456789abcdef"
private let hidden = ".trent-0123456789abcdef.partial"
private let moment: UInt64 = 1_600_000_000_123

/// What all tests stage: a tree with everything in it, and a file beside it.
private func items() throws -> [StagedItem] {
  func item(_ path: String, _ kind: StagedItem.Kind, _ mode: UInt32) throws -> StagedItem {
    StagedItem(path: try #require(ConfinedPath(path)), kind: kind, mode: mode, modified: moment)
  }
  return [
    try item("a.txt", .file(5), 0o640),
    try item("tree", .folder, 0o755),
    try item("tree/empty", .folder, 0o555),
    try item("tree/link", .link("sub/b"), 0),
    try item("tree/none", .file(0), 0o400),
    try item("tree/sub", .folder, 0o700),
    try item("tree/sub/b", .file(3), 0o755),
  ]
}

private let content = Array("hellob.b".utf8)

/// Why a completion fails; nil when it does not.
func failure(
  finishing staging: consuming Staging,
  before step: (Staging.Step) throws(FileFailure) -> Void = { (_) throws(FileFailure) in }
) -> StagingFailure? {
  do throws(StagingFailure) {
    _ = try staging.finish(before: step)
    return nil
  } catch {
    return error
  }
}

@Suite struct StagingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func staging(
    _ existing: ExistingPolicy = .refuse, description: String = "one",
    _ way: ConfinedFolder.Resolution = .kernel
  ) throws -> Staging {
    try Staging(
      in: ConfinedFolder(folder.path, way), id: id, description: Array(description.utf8),
      items: items(), Staging.Placement(existing: existing) { "\($0)-\($1)" })
  }

  private func expectComplete(at name: String = "tree", beside file: String = "a.txt") throws {
    #expect(try folder.text(of: file) == "hello")
    #expect(try folder.text(of: "\(name)/sub/b") == "b.b")
    #expect(try folder.text(of: "\(name)/link") == "b.b")
    #expect(try folder.text(of: "\(name)/none") == "")
    #expect(TemporaryFolder.entries(of: folder.file(name)) == ["empty", "link", "none", "sub"])
    let mask = umask(0)
    umask(mask)
    for (path, mode) in [
      (file, mode_t(0o640)), (name, 0o755), ("\(name)/empty", 0o555), ("\(name)/sub/b", 0o755),
      ("\(name)/none", 0o400),
    ] {
      #expect(try permissions(folder.file(path)) == mode & ~mask, "\(path)")
      let time = try linkStatus(folder.file(path)).st_mtim
      #expect(UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000 == moment, "\(path)")
    }
    #expect(try kind(folder.file("\(name)/link")) == S_IFLNK)
  }

  @Test(arguments: ConfinedFolder.Resolution.allCases)
  func appearsWholeInTheEndAndNotBefore(_ way: ConfinedFolder.Resolution) throws {
    var staging = try staging(.refuse, way)
    #expect(try staging.presentByteCount() == 0)
    try staging.begin(at: 0)
    for byte in content { try staging.write([byte].bytes) }
    #expect(folder.entries == [hidden])
    #expect(try permissions(folder.file(hidden)) == 0o700)
    #expect(try staging.finish() == ["a.txt", "tree"])
    #expect(folder.entries == ["a.txt", "tree"])
    try expectComplete()
  }

  /// Dropped after each byte, as when the process dies: what is there is found again.
  @Test(arguments: 0...content.count)
  func isContinuedAtEveryByte(count: Int) throws {
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(Array(content[..<count]).bytes)
    }
    #expect(folder.entries == [hidden])
    var staging = try staging()
    #expect(try staging.presentByteCount() == UInt64(count))
    var seen: [UInt8] = []
    #expect(try staging.read(first: UInt64(count)) { seen += [UInt8]($0) })
    #expect(seen == Array(content[..<count]))
    #expect(try !staging.read(first: UInt64(count) + 1) { _ in })
    try staging.begin(at: UInt64(count))
    try staging.write(Array(content[count...]).bytes)
    _ = try staging.finish()
    try expectComplete()
  }

  /// The sender may want to start again, or before the end of what is there.
  @Test(arguments: 0...content.count)
  func anythingBehindTheStartIsForgotten(offset: Int) throws {
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(content.bytes)
    }
    var other = Array("HELLOB.B".utf8)
    other[..<offset] = content[..<offset]
    var staging = try staging()
    try staging.begin(at: UInt64(offset))
    #expect(try staging.presentByteCount() == UInt64(offset))
    try staging.write(Array(other[offset...]).bytes)
    _ = try staging.finish()
    #expect(try folder.text(of: "a.txt") == String(decoding: other[..<5], as: UTF8.self))
    #expect(try folder.text(of: "tree/sub/b") == String(decoding: other[5...], as: UTF8.self))
  }

  /// Stopped before every step of the completion, as `kill -9` would: each name at the top is
  /// either not there or complete, and a new start ends well.
  @Test(arguments: 0..<11)
  func killedBeforeEveryStepOfTheCompletion(step: Int) throws {
    struct Killed: Error {}
    var count = 0
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(content.bytes)
      _ = try staging.finish { (_) throws(FileFailure) in
        if count == step { throw FileFailure(path: "", operation: .write, errno: EIO) }
        count += 1
      }
    } catch StagingFailure.file(let failure) {
      #expect(failure.errno == EIO)
    }
    for name in folder.entries where name == "a.txt" || name == "tree" {
      if name == "tree" { #expect(try folder.text(of: "tree/sub/b") == "b.b") }
      if name == "a.txt" { #expect(try folder.text(of: "a.txt") == "hello") }
    }
    var again = try staging(.overwrite)
    // Links, files and folders come before the first name.
    if step < 7 { #expect(try again.presentByteCount() == 8) }
    try again.begin(at: try again.presentByteCount())
    if try again.presentByteCount() == 0 {
      try again.write(content.bytes)
    } else {
      try again.write(Array(content[Int(try again.presentByteCount())...]).bytes)
    }
    _ = try again.finish()
    #expect(folder.entries == ["a.txt", "tree"])
    try expectComplete()
  }

  /// The same, and the next try replaces nothing: what has its name already is no obstacle to it.
  @Test(arguments: 0..<11)
  func killedAmongTheNamesTheNextTryGoesOn(step: Int) throws {
    var count = 0
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(content.bytes)
      _ = try staging.finish { (_) throws(FileFailure) in
        if count == step { throw FileFailure(path: "", operation: .write, errno: EIO) }
        count += 1
      }
      Issue.record("there is no step \(step)")
    } catch StagingFailure.file(let failure) {
      #expect(failure.errno == EIO)
    }
    var again = try staging()
    #expect(try again.taken() == nil)
    #expect(try again.presentByteCount() == 8)
    try again.begin(at: 8)
    _ = try again.finish()
    #expect(folder.entries == ["a.txt", "tree"])
    try expectComplete()
  }

  /// What somebody has changed since, or put there, is not taken.
  @Test(arguments: ["edited", "added", "in the way"])
  func whatIsNotAsItWasLeftIsNotTakenBack(_ change: String) throws {
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(content.bytes)
      _ = try staging.finish { (step) throws(FileFailure) in
        if step == (change == "added" ? .sync : .place("tree")) {
          throw FileFailure(path: "", operation: .write, errno: EIO)
        }
      }
    } catch StagingFailure.file(let failure) {
      #expect(failure.errno == EIO)
    }
    switch change {
    case "edited": try folder.put("HELLO", at: "a.txt")
    case "added": try folder.put("mine", at: "tree/mine")
    default: try folder.put("mine", at: "tree")
    }
    #expect(try staging().taken() == "a.txt")
    switch change {
    case "edited": #expect(try folder.text(of: "a.txt") == "HELLO")
    case "added": #expect(try folder.text(of: "tree/mine") == "mine")
    default: #expect(try folder.text(of: "tree") == "mine")
    }
  }

  @Test func killedWhileWriting() async throws {
    let path = folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      var staging = try Staging(
        in: ConfinedFolder(path), id: id, description: Array("one".utf8), items: items(),
        Staging.Placement(existing: .refuse) { name, _ in name })
      try staging.begin(at: 0)
      try staging.write(Array(content[..<6]).bytes)
      kill(getpid(), SIGKILL)
      _ = try staging.finish()
    }
    #expect(folder.entries == [hidden])
    #expect(try staging().presentByteCount() == 6)
  }

  @Test func whatIsOfSomebodyElseIsNeverContinued() throws {
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      try staging.write(Array(content[..<6]).bytes)
    }
    #expect(try staging(description: "two").presentByteCount() == 0)
  }

  @Test func oneProcessAtATime() throws {
    let first = try staging()
    #expect(throws: StagingFailure.busy(path: joinPath(folder.path, hidden))) {
      _ = try staging()
    }
    _ = try first.presentByteCount()
  }

  /// Whatever has got into the staging: nothing is written through it.
  @Test(arguments: ["a.txt", "tree", "tree/sub", "tree/sub/b", "tree/link"], 0..<5)
  func thingsInTheWayAreRemoved(path: String, what: Int) throws {
    do { _ = try staging() }
    let outside = try TemporaryFolder()
    try outside.put("precious", at: "file")
    let victim = folder.file("\(hidden)/tree/\(path)")
    if unsafe unlink(victim) != 0 { unsafe rename(victim, outside.file("aside")) }
    switch what {
    case 0: #expect(unsafe symlink(outside.file("file"), victim) == 0)
    case 1: #expect(unsafe symlink(outside.path, victim) == 0)
    case 2: #expect(unsafe link(outside.file("file"), victim) == 0)
    case 3: #expect(unsafe mkfifo(victim, 0o600) == 0)
    default: #expect(unsafe mkdir(victim, 0o700) == 0)
    }
    var staging = try staging()
    try staging.begin(at: 0)
    try staging.write(content.bytes)
    _ = try staging.finish()
    try expectComplete()
    #expect(try outside.text(of: "file") == "precious")
  }

  /// A link, a file, a pipe, or a folder for others in the place of the staging itself.
  @Test(arguments: 0..<4)
  func aStagingThatIsNotOursIsLeftAlone(what: Int) throws {
    let outside = try TemporaryFolder()
    let victim = folder.file(hidden)
    switch what {
    case 0: #expect(unsafe symlink(outside.path, victim) == 0)
    case 1: try folder.put("x", at: hidden)
    case 2: #expect(unsafe mkfifo(victim, 0o600) == 0)
    default:
      #expect(unsafe mkdir(victim, 0o700) == 0)
      #expect(unsafe chmod(victim, 0o770) == 0)
    }
    #expect(throws: StagingFailure.self) { _ = try staging() }
    #expect(outside.entries == [])
  }

  @Test func moreThanAnnouncedIsRefused() throws {
    var staging = try staging()
    try staging.begin(at: 0)
    #expect(throws: FileFailure.self) { try staging.write((content + [1]).bytes) }
  }

  @Test func lessThanAnnouncedIsNotComplete() throws {
    var staging = try staging()
    try staging.begin(at: 0)
    try staging.write(Array(content.dropLast()).bytes)
    #expect(failure(finishing: staging) != nil)
    #expect(folder.entries == [hidden])
  }
}
