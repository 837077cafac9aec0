internal import Glibc

/// The place that a new file shall take: an open folder and a name in it.
///
/// The folder is held open, so that it stays the same one whatever happens to its path.
struct Destination: ~Copyable, Sendable {
  /// O_TMPFILE, which Swift does not import.
  private static let unnamedFile = 0o20_000_000 | O_DIRECTORY

  let folder: OpenFile
  let name: String
  /// As it was given; for messages.
  private let path: String
  /// Those of the file that is there now.
  let existingPermissions: mode_t?

  init(_ path: String) throws(FileFailure) {
    let target = try Self.followingLinks(path)
    let name = lastComponent(of: target)
    guard !name.isEmpty else {
      throw FileFailure(path: path, operation: .write, errno: path.isEmpty ? ENOENT : EISDIR)
    }
    let permissions = try stat.following(target)?.permissions
    folder = try OpenFile(parentFolder(of: target), flags: O_RDONLY | O_DIRECTORY)
    self.name = name
    self.path = path
    existingPermissions = permissions
  }

  /// A new file in the folder. When it has a name already, that is stored in `partialName`.
  ///
  /// - Parameters:
  ///   - mode: Its permissions, from which the umask is subtracted.
  ///   - unnamed: Whether to make one without a name if the filesystem can.
  borrowing func createTemporary(
    mode: mode_t, unnamed: Bool, partialName: inout String?
  ) throws(FileFailure) -> OpenFile {
    if unnamed, let file = createUnnamed(mode: mode) { return file }
    return try createPartial(mode: mode, name: &partialName)
  }

  /// A file in the folder that has no name yet; nil where the filesystem cannot do that or where it
  /// could not be given a name later.
  private borrowing func createUnnamed(mode: mode_t) -> OpenFile? {
    guard
      let file = try? OpenFile(
        ".", in: folder.descriptor, flags: O_WRONLY | Self.unnamedFile, mode: mode, shownAs: path),
      unsafe access(Self.link(to: file), F_OK) == 0
    else { return nil }
    return file
  }

  /// A new file of a hidden name, which is stored in `name`.
  private borrowing func createPartial(
    mode: mode_t, name partial: inout String?
  ) throws(FileFailure) -> OpenFile {
    while true {
      let candidate = PartialName.make(for: name)
      do throws(FileFailure) {
        let file = try OpenFile(
          candidate, in: folder.descriptor, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
          mode: mode, operation: .create, shownAs: path)
        partial = candidate
        return file
      } catch {
        guard error.errno == EEXIST else { throw error }
      }
    }
  }

  /// Gives a file without a name a hidden name and returns it.
  borrowing func link(_ file: borrowing OpenFile) throws(FileFailure) -> String {
    while true {
      let candidate = PartialName.make(for: name)
      let source = Self.link(to: file)
      if unsafe linkat(AT_FDCWD, source, folder.descriptor, candidate, AT_SYMLINK_FOLLOW) == 0 {
        return candidate
      }
      guard errno == EEXIST else { throw FileFailure(.create, path) }
    }
  }

  /// Gives a file, with or without a hidden name, the destination's name as well.
  ///
  /// - Returns: false when something else has that name.
  borrowing func add(
    _ file: borrowing OpenFile, named partial: String?
  ) throws(FileFailure) -> Bool {
    let result =
      if let partial {
        unsafe linkat(folder.descriptor, partial, folder.descriptor, name, 0)
      } else {
        unsafe linkat(
          AT_FDCWD, Self.link(to: file), folder.descriptor, name, AT_SYMLINK_FOLLOW)
      }
    if result == 0 { return true }
    guard errno == EEXIST else { throw FileFailure(.create, path) }
    return false
  }

  /// Moves the file of a hidden name over whatever has the destination's name.
  borrowing func replace(with partial: String) throws(FileFailure) {
    guard unsafe renameat(folder.descriptor, partial, folder.descriptor, name) == 0 else {
      throw FileFailure(.rename, path)
    }
  }

  borrowing func remove(_ partial: String) {
    unsafe unlinkat(folder.descriptor, partial, 0)
  }

  private static func link(to file: borrowing OpenFile) -> String {
    "/proc/self/fd/\(file.descriptor)"
  }

  /// Whether a name can be the hidden one of a file that was to come here.
  borrowing func isHiddenName(_ candidate: String) -> Bool {
    PartialName.stem(in: candidate) == PartialName.stem(of: name)
  }

  /// Where a chain of symbolic links ends, whether or not there is something.
  private static func followingLinks(_ path: String) throws(FileFailure) -> String {
    var current = path
    for _ in 0..<40 {  // the kernel's own limit
      guard let next = try linkTarget(current) else { return current }
      current = next.hasPrefix("/") ? next : joinPath(parentFolder(of: current), next)
    }
    throw FileFailure(path: path, operation: .open, errno: ELOOP)
  }

  /// What a symbolic link says; nil when `path` is none.
  private static func linkTarget(_ path: String) throws(FileFailure) -> String? {
    let text: String?? = unsafe withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: Int(PATH_MAX)
    ) { buffer in
      guard let text = buffer.baseAddress else { return nil }
      let count = unsafe readlink(path, text, buffer.count)
      guard count >= 0 else { return nil }
      let bytes = unsafe buffer.prefix(count).map(UInt8.init(bitPattern:))
      return .some(String(validating: bytes, as: UTF8.self))
    }
    guard let text else { return nil }
    guard let text else { throw FileFailure(path: path, operation: .open, errno: EILSEQ) }
    return text
  }
}
