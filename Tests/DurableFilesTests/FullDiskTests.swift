import DurableFiles
import Glibc
import SecretMemory
import Testing

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
}
