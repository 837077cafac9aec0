internal import CLinux
internal import Glibc

/// An open folder below which everything else is named: whatever somebody puts in the way, a
/// symbolic link at any place of a path say, nothing outside of it is ever opened, made or removed.
///
/// The kernel sees to that (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS); where it cannot,
/// folders are opened one after the other, none through a link.
public struct ConfinedFolder: ~Copyable, Sendable {
  enum Resolution: Hashable, Sendable, CaseIterable {
    case kernel
    case stepwise
  }

  let file: OpenFile
  let resolution: Resolution

  /// Opens an existing folder. The path to it is the caller's own and may have links in it.
  public init(_ path: String) throws(FileFailure) { try self.init(path, .kernel) }

  init(_ path: String, _ resolution: Resolution) throws(FileFailure) {
    self.init(try OpenFile(path, flags: O_RDONLY | O_DIRECTORY), resolution)
  }

  init(_ folder: consuming OpenFile, _ resolution: Resolution) {
    file = folder
    self.resolution = resolution
  }

  /// As it was given; for messages.
  public var path: String { file.path }

  func shown(_ path: ConfinedPath) -> String { joinPath(file.path, path.text) }

  // MARK: Opening

  /// Opens what has this path, or creates it when `flags` say so. Never through a link.
  func open(
    _ path: ConfinedPath, flags: Int32, mode: mode_t = 0,
    operation: FileFailure.Operation = .open
  ) throws(FileFailure) -> OpenFile {
    let flags = flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY
    if resolution == .kernel {
      while true {
        let opened = unsafe path.withCString { text in
          unsafe trent_open_beneath(
            file.descriptor, text, UInt64(bitPattern: Int64(flags)),
            flags & O_CREAT == 0 ? 0 : UInt64(mode))
        }
        if opened >= 0 { return OpenFile(adopting: opened, path: shown(path)) }
        switch errno {
        case EINTR, EAGAIN: continue
        // An old kernel, or a sandbox that does not know the call.
        case ENOSYS, EPERM: break
        default: throw FileFailure(operation, shown(path))
        }
        break
      }
    }
    guard let parent = path.parent else {
      return try openName(path, in: file.descriptor, flags, mode, operation, shown(path))
    }
    let folder = try openStepwise(parent)
    return try openName(path.name, in: folder.descriptor, flags, mode, operation, shown(path))
  }

  private func openStepwise(_ path: ConfinedPath) throws(FileFailure) -> OpenFile {
    var current: OpenFile?
    for name in path.names {
      let next = try openName(
        name, in: current?.descriptor ?? file.descriptor,
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, .open, shown(path))
      current = consume next
    }
    guard let opened = current.take() else {
      throw FileFailure(path: shown(path), operation: .open, errno: ENOENT)
    }
    return opened
  }

  private func openName(
    _ name: ConfinedPath, in folder: Int32, _ flags: Int32, _ mode: mode_t,
    _ operation: FileFailure.Operation, _ shown: String
  ) throws(FileFailure) -> OpenFile {
    while true {
      let opened = unsafe name.withCString { unsafe openat(folder, $0, flags, mode) }
      if opened >= 0 { return OpenFile(adopting: opened, path: shown) }
      guard errno == EINTR else { throw FileFailure(operation, shown) }
    }
  }

  /// Opens a regular file for reading. Nothing else can keep the caller waiting.
  public func openFile(_ path: ConfinedPath) throws(FileFailure) -> OpenFile {
    let opened = try open(path, flags: O_RDONLY | O_NONBLOCK)
    guard try opened.status().kind == S_IFREG else {
      throw FileFailure(path: shown(path), operation: .read, errno: EINVAL)
    }
    return opened
  }

  /// A folder below this one.
  public func openFolder(_ path: ConfinedPath) throws(FileFailure) -> ConfinedFolder {
    ConfinedFolder(try open(path, flags: O_RDONLY | O_DIRECTORY), resolution)
  }

  /// Runs `body` with the folder that holds `path`, and the name that it has in there.
  func inParent<Value: ~Copyable>(
    of path: ConfinedPath,
    _ body: (_ folder: Int32, _ name: ConfinedPath) throws(FileFailure) -> Value
  ) throws(FileFailure) -> Value {
    guard let parent = path.parent else { return try body(file.descriptor, path) }
    let folder = try open(parent, flags: O_RDONLY | O_DIRECTORY)
    return try body(folder.descriptor, path.name)
  }

  // MARK: Looking

  /// What has this path itself, links not followed; nil when there is nothing.
  func status(_ path: ConfinedPath) throws(FileFailure) -> stat? {
    do throws(FileFailure) {
      return try inParent(of: path) { (folder, name) throws(FileFailure) in
        var status = stat()
        let code = unsafe name.withCString {
          unsafe fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        guard code == 0 else { throw FileFailure(.inspect, shown(path)) }
        return status
      }
    } catch {
      guard error.errno == ENOENT else { throw error }
      return nil
    }
  }

  /// Whether there is anything of this name, a link that leads nowhere included.
  public func has(_ name: ConfinedPath) throws(FileFailure) -> Bool { try status(name) != nil }

  /// The names of what is in the folder itself, in bytewise order.
  public func names() throws(FileFailure) -> [ConfinedPath] {
    let copy = unsafe openat(file.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw FileFailure(.open, path) }
    guard let stream = unsafe fdopendir(copy) else {
      close(copy)
      throw FileFailure(.open, path)
    }
    defer { unsafe closedir(stream) }
    var names: [ConfinedPath] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        unsafe [UInt8](raw.prefix { $0 != 0 })
      }
      // "." and ".." are none.
      if let name = ConfinedPath(bytes) { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw FileFailure(.read, path) }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }
}
