import Foundation
import Testing

/// A file system of its own, in memory, mounted for one test, which needs `.disks`.
struct SmallDisk: ~Copyable {
  let folder: Folder

  /// - Parameter name: where, below the stage's folder.
  init(at name: String = "disk", in stage: Stage, size: String) throws {
    let folder = try stage.folder.folder(name)
    guard unsafe mount("tmpfs", folder.path, "tmpfs", 0, "size=\(size),mode=700") == 0 else {
      throw TestProblem("mount")
    }
    self.folder = folder
  }

  deinit { unsafe umount2(folder.path, Int32(MNT_DETACH)) }

  func remount(_ options: String, flags: Int = 0) {
    let code = unsafe mount("tmpfs", folder.path, "tmpfs", UInt(32 | flags), options)
    #expect(code == 0, "remount: \(errno)")
  }

  /// Leaves no room for anything.
  func fill() throws {
    let file = unsafe open(folder.path("filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw TestProblem("open") }
    defer { close(file) }
    let zeros = [UInt8](repeating: 0, count: 4096)
    while unsafe zeros.withUnsafeBytes({ unsafe write(file, $0.baseAddress, $0.count) }) > 0 {}
  }

  /// Ends `fill`.
  func makeRoom() throws { try FileManager.default.removeItem(atPath: folder.path("filler")) }
}
