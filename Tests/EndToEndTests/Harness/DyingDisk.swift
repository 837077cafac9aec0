import Foundation

/// A disk whose file system becomes read-only under programs that have files of it open, as ext4
/// does after a failure of the medium. For one test, which needs `.disks`.
struct DyingDisk: ~Copyable {
  let folder: Folder
  private let image: String

  /// - Parameter name: where, below the stage's folder.
  init(at name: String, in stage: Stage) throws {
    let folder = try stage.folder.folder(name)
    let image = stage.folder.path("\(name).image")
    try Command.run(["truncate", "-s", "16m", image])
    try Command.run(["mkfs.ext4", "-q", "-F", image])
    try Command.run(["mount", "-o", "loop", image, folder.path])
    self.folder = folder
    self.image = image
  }

  deinit { unsafe umount2(folder.path, Int32(MNT_DETACH)) }

  /// From now on nothing can be written, not to files that are open either.
  func die() throws {
    _ = try? Command.run(["mount", "-o", "remount,abort", folder.path])
    let probe = unsafe open(folder.path("probe"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard probe < 0, errno == EROFS else { throw TestProblem("a read-only file system") }
  }

  /// Repairs it, once no program has a file of it open any more.
  func revive() throws {
    try Command.run(["umount", folder.path])
    // Its journal goes first; that something was mended is no failure.
    _ = try? Command.run(["fsck.ext4", "-p", image])
    try Command.run(["mount", "-o", "loop", image, folder.path])
  }
}
