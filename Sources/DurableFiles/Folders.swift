internal import Glibc

/// The path of `name` in `folder`.
public func joinPath(_ folder: String, _ name: String) -> String {
  folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
}

/// The folder that `path` is in: `.` for a bare name.
public func parentFolder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// What follows the last slash of `path`.
public func lastComponent(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return path }
  return String(path[path.index(after: slash)...])
}

/// Creates `path` and the folders above it as far as they are missing, for their owner alone
/// (0700). What is there already keeps its permissions. All of it is on the disk when this returns.
public func createPrivateFolders(_ path: String) throws(FileFailure) {
  let path = String(path.reversed().drop { $0 == "/" }.reversed())
  guard !path.isEmpty else { return }  // the root
  if let status = try? stat.following(path) {
    guard status.kind == S_IFDIR else {
      throw FileFailure(path: path, operation: .create, errno: ENOTDIR)
    }
    return try syncEntry(of: path)
  }
  // Nothing is made in a folder that a power failure may take away.
  if parentFolder(of: path) != "." { try createPrivateFolders(parentFolder(of: path)) }
  // Somebody else may have been faster.
  guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
    throw FileFailure(.create, path)
  }
  try syncFolder(parentFolder(of: path))
}

/// Waits until it is on the disk that a folder is there: whoever created it may have died before.
/// Where others' folders may not be read, it was created by none of ours.
private func syncEntry(of path: String) throws(FileFailure) {
  do throws(FileFailure) {
    try syncFolder(parentFolder(of: path))
  } catch {
    guard error.errno == EACCES else { throw error }
  }
}

/// The names of what is in a folder, hidden files too, in order; none when there is no such folder.
public func folderEntries(_ path: String) throws(FileFailure) -> [String] {
  do throws(FileFailure) {
    let folder = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    return try names(in: folder).filter { $0 != "." && $0 != ".." }.sorted()
  } catch {
    guard error.errno == ENOENT else { throw error }
    return []
  }
}

/// Waits until the entries of a folder (files created, renamed or removed in it) are on the disk.
public func syncFolder(_ path: String) throws(FileFailure) {
  try OpenFile(path, flags: O_RDONLY | O_DIRECTORY).sync()
}

/// Removes a file. That it is gone is on the disk when this returns.
///
/// - Returns: whether there was one.
@discardableResult
public func removeFile(_ path: String) throws(FileFailure) -> Bool {
  guard unsafe unlink(path) == 0 else {
    guard errno == ENOENT else { throw FileFailure(.remove, path) }
    return false
  }
  try syncFolder(parentFolder(of: path))
  return true
}
