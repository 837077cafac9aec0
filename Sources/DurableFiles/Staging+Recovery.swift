internal import Glibc

/// What a process leaves that dies while it gives names: some things have theirs, the others are in
/// the staging still. They belong together, so the next try begins by taking the former back.
extension Staging {
  /// The file in a staging that says so.
  private static let marker = "placing"

  /// Says, on the disk, that names are being given from now on.
  borrowing func markPlacing() throws(FileFailure) {
    // What is replaced, or gets another name, needs no taking back.
    guard placement.existing == .refuse, let marker = ConfinedPath(Self.marker) else { return }
    try staging.folder.openOwn(marker).sync()
    try staging.folder.file.sync()
  }

  /// Takes back what has its name already, if that, and nothing else, is what is missing.
  static func takeBack(
    _ items: [StagedItem], from destination: borrowing ConfinedFolder,
    into staging: borrowing StagingFolder
  ) throws(FileFailure) {
    guard let marker = ConfinedPath(marker), try staging.folder.has(marker) else { return }
    var placed: [StagedItem] = []
    var isAsLeft = true
    for item in items where item.isTopLevel {
      if try staging.tree.has(item.path) {
        // Something of somebody else's is in its place.
        if try destination.has(item.path) { isAsLeft = false }
      } else if try isComplete(item, of: items, in: destination) {
        placed.append(item)
      } else {
        isAsLeft = false
      }
    }
    if isAsLeft {
      for item in placed {
        if item.kind == .folder { try destination.setPermissions(item.path, 0o700) }
        try destination.move(item.path, to: staging.tree, as: item.path)
      }
    }
    try staging.folder.unlink(marker)
  }

  /// Whether something at the top, with all that is in it, is as the completion leaves it: nobody
  /// has changed it since.
  private static func isComplete(
    _ top: StagedItem, of items: [StagedItem], in destination: borrowing ConfinedFolder
  ) throws(FileFailure) -> Bool {
    for item in items where item.path.names.first == top.path {
      guard let status = try destination.status(item.path) else { return false }
      let isOfItsKind =
        switch item.kind {
        case .file(let size):
          status.kind == S_IFREG && status.st_nlink == 1
            && UInt64(clamping: status.st_size) == size
        case .folder: status.kind == S_IFDIR
        case .link: status.kind == S_IFLNK
        }
      guard isOfItsKind, FileStatus(status).modified == item.modified else { return false }
    }
    return true
  }
}
