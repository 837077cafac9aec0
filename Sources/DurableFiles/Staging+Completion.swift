internal import CLinux
internal import Glibc

extension Staging {
  /// How things get their names in the end.
  public struct Placement: Sendable {
    let existing: ExistingPolicy
    let finalName: String?
    let permissions: UInt32?
    let alternative: @Sendable (_ name: String, _ number: Int) -> String

    /// - Parameters:
    ///   - existing: What to do about names that are taken.
    ///   - alternative: The name to try next, from number 2 on.
    public init(
      existing: ExistingPolicy,
      alternative: @escaping @Sendable (_ name: String, _ number: Int) -> String
    ) {
      self.existing = existing
      self.alternative = alternative
      finalName = nil
      permissions = nil
    }

    /// A single file that gets the name that its receiver has chosen, and replaces what has it.
    ///
    /// - Parameter permissions: What it ends with; else what the umask leaves of 0666.
    init(finalName: String, permissions: UInt32?) {
      existing = .overwrite
      alternative = { name, _ in name }
      self.finalName = finalName
      self.permissions = permissions
    }
  }

  /// The steps of the completion, told before each: tests stop there as a dying process would.
  enum Step: Hashable, Sendable {
    case link(String)
    case file(String)
    case folder(String)
    case place(String)
    case sync
    case remove
  }

  /// Gives everything permissions, times and names, in this order, and removes the staging. When
  /// this returns all is on the disk; when it throws, what has a final name is complete, and the
  /// rest stays in the staging.
  ///
  /// - Returns: The names at the top, as they are now.
  public consuming func finish() throws(StagingFailure) -> [String] {
    try finish(before: { (_) throws(FileFailure) in })
  }

  consuming func finish(
    before step: (Step) throws(FileFailure) -> Void
  ) throws(StagingFailure) -> [String] {
    let names = try place(before: step)
    try StagingFailure.telling { () throws(FileFailure) in
      try step(.remove)
      try staging.remove(from: destination)
    }
    return names
  }

  /// The same without the last step: until it is discarded, a process that dies leaves what the
  /// next one takes back, and gives the same names again.
  public borrowing func place() throws(StagingFailure) -> [String] {
    try place(before: { (_) throws(FileFailure) in })
  }

  private borrowing func place(
    before step: (Step) throws(FileFailure) -> Void
  ) throws(StagingFailure) -> [String] {
    try StagingFailure.telling { () throws(FileFailure) in
      try complete(step)
      try markPlacing()
    }
    var names: [String] = []
    for item in items where item.isTopLevel {
      try StagingFailure.telling { () throws(FileFailure) in try step(.place(item.path.text)) }
      names.append(try place(item))
    }
    try StagingFailure.telling { () throws(FileFailure) in
      try step(.sync)
      try destination.file.sync()
    }
    return names
  }

  /// Removes the staging with all that has come in.
  public consuming func discard() throws(FileFailure) { try staging.remove(from: destination) }

  // MARK: Inside the staging

  private borrowing func complete(
    _ step: (Step) throws(FileFailure) -> Void
  ) throws(FileFailure) {
    let syncsEach = items.count <= Self.singleSyncLimit
    for item in items {
      switch item.kind {
      case .folder: break
      case .link(let target):
        try step(.link(item.path.text))
        try staging.tree.removeAll(item.path)
        try staging.tree.makeLink(item.path, to: target, modified: item.modificationTime)
      case .file(let size):
        try step(.file(item.path.text))
        let file = try staging.tree.openOwn(item.path)
        let present = try file.status().st_size
        guard present == size ?? UInt64(clamping: present) else {
          throw FileFailure(path: file.path, operation: .save, errno: EIO)
        }
        if placement.finalName == nil {
          try file.setModified(item.modificationTime)
          try file.setPermissions(item.mode & staging.permittedMode)
        } else {
          try file.setPermissions(placement.permissions ?? (0o666 & staging.permittedMode))
        }
        if syncsEach { try file.sync() }
      }
    }
    // The innermost first: what is made in a folder changes its time.
    for item in items.reversed() where item.kind == .folder {
      try step(.folder(item.path.text))
      let folder = try staging.tree.openFolder(item.path)
      try folder.file.setModified(item.modificationTime)
      // Who may not write to a folder may not move it either.
      if !item.isTopLevel { try folder.file.setPermissions(item.mode & staging.permittedMode) }
      if syncsEach { try folder.file.sync() }
    }
    guard syncsEach || trent_sync_filesystem(staging.tree.file.descriptor) == 0 else {
      throw FileFailure(.save, staging.tree.path)
    }
    try staging.tree.file.sync()
  }

  // MARK: Out of the staging

  /// - Returns: The name that it got.
  private borrowing func place(
    _ item: StagedItem
  ) throws(StagingFailure) -> String {
    let name = placement.finalName ?? item.path.text
    var opened: ConfinedFolder?
    if item.kind == .folder {
      opened = try StagingFailure.telling { () throws(FileFailure) in
        try staging.tree.openFolder(item.path)
      }
    }
    let given = try move(item, as: name)
    if let folder = opened.take() {
      try StagingFailure.telling { () throws(FileFailure) in
        try folder.file.setPermissions(item.mode & staging.permittedMode)
      }
    }
    return given
  }

  private borrowing func move(
    _ item: StagedItem, as name: String
  ) throws(StagingFailure) -> String {
    var candidate = name
    var number = 1
    while true {
      guard let target = ConfinedPath(candidate), target.parent == nil else {
        throw .file(FileFailure(path: candidate, operation: .rename, errno: EINVAL))
      }
      do throws(FileFailure) {
        if placement.existing == .overwrite {
          try checkReplaceable(target, by: item)
          try staging.tree.replace(item.path, in: destination, as: target)
        } else {
          try staging.tree.move(item.path, to: destination, as: target)
        }
        return candidate
      } catch {
        guard error.errno == EEXIST else { throw .file(error) }
        guard placement.existing == .rename, number < 10_000 else {
          throw .exists(path: destination.shown(target))
        }
        number += 1
        candidate = placement.alternative(name, number)
      }
    }
  }

  /// Devices and pipes are never replaced, nor a folder by a file that was to get its name.
  private borrowing func checkReplaceable(
    _ target: ConfinedPath, by item: StagedItem
  ) throws(FileFailure) {
    guard let old = try destination.status(target) else { return }
    let isFolder = old.kind == S_IFDIR
    guard [S_IFREG, S_IFLNK, S_IFDIR].contains(old.kind) else {
      throw FileFailure(path: destination.shown(target), operation: .rename, errno: EEXIST)
    }
    guard !isFolder || placement.finalName == nil else {
      throw FileFailure(path: destination.shown(target), operation: .write, errno: EISDIR)
    }
  }
}
