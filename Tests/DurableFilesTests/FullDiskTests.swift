import Glibc
import SecretMemory
import Testing

@testable import DurableFiles

/// A filesystem of 64 KiB, mounted for one test. Only root may do that.
private struct SmallDisk: ~Copyable {
  let path: String

  init?(at path: String) {
    guard unsafe mkdir(path, 0o700) == 0,
      unsafe mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0
    else { return nil }
    self.path = path
  }

  deinit { unsafe umount2(path, Int32(MNT_DETACH)) }
}

@Suite struct FullDiskTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func fullDeviceIsTold() throws {
    let failure = #expect(throws: FileFailure.self) {
      var file = try AtomicFile(replacing: "/dev/full", mode: 0o600)
      try file.write([1].bytes)
    }
    #expect(failure?.isOutOfSpace == true)
    #expect(failure?.description == "cannot write /dev/full: No space left on device")
  }

  /// Says nothing where the test may not mount a filesystem.
  @Test func fullDiskLeavesTheOldFileAndNoPartOfTheNew() throws {
    guard let disk = SmallDisk(at: folder.file("disk")) else { return }
    let path = joinPath(disk.path, "out")
    var old = try AtomicFile(replacing: path, mode: 0o600)
    try old.write(Array("old".utf8).bytes)
    try old.commit()
    let failure = #expect(throws: FileFailure.self) {
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write([UInt8](repeating: 7, count: 1 << 20).bytes)
      try file.commit()
    }
    #expect(failure?.isOutOfSpace == true)
    #expect(try folder.text(of: "disk/out") == "old")
    #expect(TemporaryFolder.entries(of: disk.path) == ["out"])
  }

  /// Says nothing where the test may not mount a filesystem.
  @Test func recordThatDoesNotFitIsTakenAwayAgain() throws {
    guard let disk = SmallDisk(at: folder.file("disk")) else { return }
    var log = try AppendFile(path: joinPath(disk.path, "log"))
    try log.append(Array("whole".utf8).bytes)
    let failure = #expect(throws: FileFailure.self) {
      try log.append([UInt8](repeating: 7, count: 1 << 20).bytes)
    }
    #expect(failure?.isOutOfSpace == true)
    #expect(try folder.text(of: "disk/log") == "whole")
    try log.append(Array(" again".utf8).bytes)
    try log.sync()
    #expect(try folder.text(of: "disk/log") == "whole again")
  }

  /// Says nothing where the test may not mount a filesystem.
  @Test func fullDiskTakesNoStagingAndKeepsNothingOfIt() throws {
    guard let disk = SmallDisk(at: folder.file("disk")) else { return }
    try folder.put(String(repeating: "x", count: 1 << 16), at: "disk/waste")
    let path = try #require(ConfinedPath("out"))
    #expect(throws: StagingFailure.self) {
      _ = try Staging(
        in: ConfinedFolder(disk.path), id: "0123456789abcdef", description: [1],
        items: [.init(path: path, kind: .file(1), mode: 0o644, modified: 0)],
        .init(existing: .refuse) { name, _ in name })
    }
    #expect(TemporaryFolder.entries(of: disk.path) == ["waste"])
  }

  /// Says nothing where the test may not mount a filesystem.
  @Test func fullDiskKeepsWhatIsStagedAndTheNextTryGoesOn() throws {
    guard let disk = SmallDisk(at: folder.file("disk")) else { return }
    let content = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 >> 5) }
    func staging() throws -> Staging {
      let path = try #require(ConfinedPath("out"))
      return try Staging(
        in: ConfinedFolder(disk.path), id: "0123456789abcdef", description: [1],
        items: [.init(path: path, kind: .file(60_000), mode: 0o644, modified: 0)],
        .init(existing: .refuse) { name, _ in name })
    }
    try folder.put(String(repeating: "x", count: 40_000), at: "disk/waste")
    do {
      var staging = try staging()
      try staging.begin(at: 0)
      let failure = #expect(throws: FileFailure.self) { try staging.write(content.bytes) }
      #expect(failure?.isOutOfSpace == true)
    }
    #expect(unsafe unlink(folder.file("disk/waste")) == 0)
    var again = try staging()
    let present = try again.presentByteCount()
    #expect(present > 0 && present < 60_000)
    try again.begin(at: present)
    try again.write(Array(content[Int(present)...]).bytes)
    _ = try again.finish()
    #expect(try folder.text(of: "disk/out") == String(decoding: content, as: UTF8.self))
    #expect(TemporaryFolder.entries(of: disk.path) == ["out"])
  }
}
