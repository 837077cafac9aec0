internal import CLinux
internal import Glibc

extension ConfinedFolder {
  /// Makes a folder for its owner alone. A folder that is there already will do.
  ///
  /// - Returns: whether it is new.
  @discardableResult
  public func makeFolder(_ path: ConfinedPath) throws(FileFailure) -> Bool {
    try inParent(of: path) { (parent, name) throws(FileFailure) in
      if unsafe name.withCString({ unsafe mkdirat(parent, $0, 0o700) }) == 0 { return true }
      let failure = FileFailure(.create, shown(path))
      guard failure.errno == EEXIST, try status(path)?.kind == S_IFDIR else { throw failure }
      return false
    }
  }

  /// Makes a symbolic link.
  func makeLink(
    _ path: ConfinedPath, to target: String, modified: timespec
  ) throws(FileFailure) {
    try inParent(of: path) { (parent, name) throws(FileFailure) in
      let times = [modified, modified]
      let code = unsafe name.withCString { name in
        let made = unsafe symlinkat(target, parent, name)
        if made == 0 { unsafe utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) }
        return made
      }
      guard code == 0 else { throw FileFailure(.create, shown(path)) }
    }
  }

  /// Opens a file of our own for reading and writing, made (0600) if it is missing.
  func openOwn(_ path: ConfinedPath, flags more: Int32 = 0) throws(FileFailure) -> OpenFile {
    let flags = O_RDWR | O_CREAT | O_NONBLOCK | more
    let opened: OpenFile
    do throws(FileFailure) {
      opened = try open(path, flags: flags, mode: 0o600, operation: .create)
    } catch {
      // A process that was killed may have given it the permissions that it shall end with.
      guard error.errno == EACCES else { throw error }
      try setPermissions(path, 0o600)
      opened = try open(path, flags: flags, mode: 0o600, operation: .create)
    }
    let status = try opened.status()
    guard status.kind == S_IFREG, status.st_nlink <= 1 else {
      throw FileFailure(path: shown(path), operation: .create, errno: EEXIST)
    }
    return opened
  }

  /// Sets the permissions of what has this path itself.
  func setPermissions(_ path: ConfinedPath, _ mode: mode_t) throws(FileFailure) {
    try inParent(of: path) { (parent, name) throws(FileFailure) in
      let code = unsafe name.withCString {
        unsafe fchmodat(parent, $0, mode, AT_SYMLINK_NOFOLLOW)
      }
      guard code == 0 else { throw FileFailure(.create, shown(path)) }
    }
  }

  // MARK: Removing

  /// Removes what has this path, with everything in it. Links are removed, never followed. Nothing
  /// there is fine.
  func removeAll(_ path: ConfinedPath) throws(FileFailure) {
    guard let status = try status(path) else { return }
    guard status.kind == S_IFDIR else { return try unlink(path) }
    if status.permissions & 0o700 != 0o700 { try? setPermissions(path, 0o700) }
    try openFolder(path).removeContents()
    try unlink(path, flags: AT_REMOVEDIR)
  }

  private func removeContents() throws(FileFailure) {
    for name in try names() { try removeAll(name) }
  }

  /// Removes a file or a link. Nothing there is fine.
  public func removeFile(_ path: ConfinedPath) throws(FileFailure) { try unlink(path) }

  /// Removes a folder that is empty; false when it is not.
  public func removeEmptyFolder(_ path: ConfinedPath) throws(FileFailure) -> Bool {
    do throws(FileFailure) {
      try unlink(path, flags: AT_REMOVEDIR)
      return true
    } catch {
      guard error.errno == ENOTEMPTY || error.errno == EEXIST else { throw error }
      return false
    }
  }

  /// Waits until the entries of the folder are on the disk.
  public func sync() throws(FileFailure) { try file.sync() }

  func unlink(_ path: ConfinedPath, flags: Int32 = 0) throws(FileFailure) {
    try inParent(of: path) { (parent, name) throws(FileFailure) in
      let code = unsafe name.withCString { unsafe unlinkat(parent, $0, flags) }
      guard code == 0 || errno == ENOENT else { throw FileFailure(.remove, shown(path)) }
    }
  }

  // MARK: Moving

  /// Moves `name` of this folder to `target` in another one, where nothing may be.
  public func move(
    _ name: ConfinedPath, to folder: borrowing ConfinedFolder, as target: ConfinedPath
  ) throws(FileFailure) {
    do throws(FileFailure) {
      try rename(name, to: folder, as: target, flags: UInt32(TRENT_RENAME_NOREPLACE))
    } catch {
      // Some file systems have no such flag.
      guard error.errno == EINVAL || error.errno == ENOSYS else { throw error }
      try moveWithoutFlags(name, to: folder, as: target)
    }
  }

  private func moveWithoutFlags(
    _ name: ConfinedPath, to folder: borrowing ConfinedFolder, as target: ConfinedPath
  ) throws(FileFailure) {
    if try status(name)?.kind == S_IFREG {
      let code = unsafe name.withCString { name in
        unsafe target.withCString { target in
          unsafe linkat(file.descriptor, name, folder.file.descriptor, target, 0)
        }
      }
      guard code == 0 else { throw FileFailure(.rename, folder.shown(target)) }
      return try unlink(name)
    }
    guard try !folder.has(target) else {
      throw FileFailure(path: folder.shown(target), operation: .rename, errno: EEXIST)
    }
    try rename(name, to: folder, as: target, flags: 0)
  }

  /// Moves `name` to `target` in another folder, whose file or link of that name it replaces in
  /// one step; of two where one is a folder, each takes the place of the other.
  func replace(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder, as target: ConfinedPath
  ) throws(FileFailure) {
    guard let old = try folder.status(target) else {
      return try move(name, to: folder, as: target)
    }
    let new = try status(name)
    if old.kind == S_IFDIR || new?.kind == S_IFDIR {
      try rename(name, to: folder, as: target, flags: UInt32(TRENT_RENAME_EXCHANGE))
    } else {
      try rename(name, to: folder, as: target, flags: 0)
    }
  }

  private func rename(
    _ name: ConfinedPath, to folder: borrowing ConfinedFolder, as target: ConfinedPath,
    flags: UInt32
  ) throws(FileFailure) {
    let other = folder.file.descriptor
    let code = unsafe name.withCString { name in
      unsafe target.withCString { target in
        unsafe trent_rename(file.descriptor, name, other, target, flags)
      }
    }
    guard code == 0 else { throw FileFailure(.rename, folder.shown(target)) }
  }
}
