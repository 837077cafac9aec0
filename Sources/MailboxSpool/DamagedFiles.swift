internal import DurableFiles
internal import Glibc
internal import Synchronization

/// Keeps apart what is in the spool and is not what was written there: never served, never deleted.
final class DamagedFiles: Sendable {
  /// The next name that may be free.
  private let next = Mutex<UInt64>(1)
  private let tell: @Sendable (SpoolEvent) -> Void

  init(tell: @escaping @Sendable (SpoolEvent) -> Void) { self.tell = tell }

  /// Moves something away, be it a file, a link or a folder.
  ///
  /// - Parameter path: below the spool.
  func move(_ path: String, in folders: borrowing SpoolFolders, because reason: String) {
    move([UInt8](path.utf8), in: folders, because: reason)
  }

  /// The same for names that need not be text.
  func move(_ path: [UInt8], in folders: borrowing SpoolFolders, because reason: String) {
    let shown = String(decoding: path, as: UTF8.self)
    do throws(FileFailure) {
      guard let path = ConfinedPath(path), let parent = path.parent else { return }
      let root = try ConfinedFolder(folders.path)
      let folder = try root.openFolder(parent)
      let name = try move(path.name, in: folder, to: folders.damaged)
      tell(.setAside(shown, as: "\(SpoolFolders.damaged)/\(name)", reason: reason))
      try folders.damaged.sync()
      try folder.sync()
    } catch {
      tell(.left(shown, reason: "\(reason); \(error)"))
    }
  }

  private func move(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder, to damaged: borrowing ConfinedFolder
  ) throws(FileFailure) -> String {
    while true {
      let number = next.withLock { next in
        defer { next += 1 }
        return next
      }
      let target = String(number)
      do throws(FileFailure) {
        try folder.move(name, to: damaged, as: try SpoolFolders.confined(target))
        return target
      } catch {
        guard error.errno == EEXIST else { throw error }
      }
    }
  }
}
