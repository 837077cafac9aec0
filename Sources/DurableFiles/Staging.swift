internal import Glibc

/// Files, folders and links on their way to a folder: they grow out of sight, survive the death of
/// the process, and get their names when all of them are complete.
///
/// The content of all files is one sequence of bytes, in the order of the list.
public struct Staging: ~Copyable {
  /// Up to so many files are brought to the disk one by one, more of them with their file system.
  static let singleSyncLimit = 64

  let destination: ConfinedFolder
  let staging: StagingFolder
  let items: [StagedItem]
  let placement: Placement
  /// The item to write to, and the file if it is open.
  private var index = 0
  private var current: OpenFile?
  /// How many bytes the present item still lacks.
  private var lacking: UInt64 = 0

  /// Opens or makes the staging `.trent-ID.partial` in `folder`.
  ///
  /// - Parameters:
  ///   - id: 16 hexadecimal digits of what is staged.
  ///   - description: All of what is staged: a staging that says otherwise starts anew.
  ///   - items: Folders before what is in them. At least one.
  public init(
    in folder: consuming ConfinedFolder, id: String, description: [UInt8], items: [StagedItem],
    _ placement: Placement
  ) throws(StagingFailure) {
    let staging = try StagingFolder(in: folder, id: id, description: description)
    try StagingFailure.telling { () throws(FileFailure) in
      try Self.takeBack(items, from: folder, into: staging)
      try Self.prepare(items, in: staging)
    }
    self.init(destination: folder, staging: staging, items: items, placement)
  }

  /// The same for a single file that shall replace `path`, or be created there, whatever its sender
  /// calls it. A path that is a symbolic link stays one: what it points to is replaced.
  public init(
    replacing path: String, id: String, description: [UInt8], item: StagedItem
  ) throws(StagingFailure) {
    let place = try StagingFailure.telling { () throws(FileFailure) in try Destination(path) }
    let placement = Placement(finalName: place.name, permissions: place.existingPermissions)
    try self.init(
      in: ConfinedFolder(place.folder, .kernel), id: id, description: description, items: [item],
      placement)
  }

  private init(
    destination: consuming ConfinedFolder, staging: consuming StagingFolder, items: [StagedItem],
    _ placement: Placement
  ) {
    self.destination = destination
    self.staging = staging
    self.items = items
    self.placement = placement
  }

  /// Removes stagings that nobody has come back to for a week.
  public static func removeForgotten(in folder: borrowing ConfinedFolder) {
    StagingFolder.removeForgotten(in: folder, now: time(nil))
  }

  /// The first top-level name that is taken already, if that is not to be.
  public func taken() throws(FileFailure) -> String? {
    guard placement.existing == .refuse else { return nil }
    for item in items where item.isTopLevel {
      if try destination.has(item.path) { return item.path.text }
    }
    return nil
  }

  // MARK: What is there

  /// Makes the folders. When anything has become what it shall not be, all starts anew.
  private static func prepare(
    _ items: [StagedItem], in staging: borrowing StagingFolder
  ) throws(FileFailure) {
    if try prepare(items, in: staging.tree) { return }
    try staging.clear()
    guard try prepare(items, in: staging.tree) else {
      throw FileFailure(path: staging.tree.path, operation: .create, errno: EEXIST)
    }
  }

  /// - Returns: Whether what is there is of the right kinds.
  private static func prepare(
    _ items: [StagedItem], in tree: borrowing ConfinedFolder
  ) throws(FileFailure) -> Bool {
    for item in items {
      let status = try tree.status(item.path)
      switch item.kind {
      case .folder:
        guard let status else {
          try tree.makeFolder(item.path)
          continue
        }
        guard status.kind == S_IFDIR else { return false }
        // A process that was killed may have given it the permissions that it shall end with.
        if status.permissions != 0o700 { try tree.setPermissions(item.path, 0o700) }
      case .file(let size):
        guard let status else { continue }
        guard status.kind == S_IFREG, status.st_nlink == 1, status.st_size <= size ?? .max else {
          return false
        }
      case .link:
        // Made in the end, so that none is in the way before.
        guard let status else { continue }
        guard status.kind == S_IFLNK else { return false }
        try tree.unlink(item.path)
      }
    }
    return true
  }

  /// How many bytes of content are there: of all files up to the first one that is short.
  public func presentByteCount() throws(FileFailure) -> UInt64 {
    var count: UInt64 = 0
    for item in items {
      guard case .file(let size) = item.kind else { continue }
      guard let size, let status = try staging.tree.status(item.path) else { break }
      count += UInt64(clamping: status.st_size)
      guard status.st_size == size else { break }
    }
    return count
  }

  /// Reads the first `count` bytes of content again.
  ///
  /// - Parameter take: Called with each piece, in order.
  /// - Returns: Whether there were as many.
  public func read(
    first count: UInt64, _ take: (RawSpan) -> Void
  ) throws(FileFailure) -> Bool {
    var rest = count
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    for item in items where rest > 0 {
      guard var inFile = item.room.map({ min($0, rest) }), inFile > 0 else { continue }
      let file = try staging.tree.openOwn(item.path)
      rest -= inFile
      while inFile > 0 {
        let wanted = Int(min(inFile, UInt64(buffer.count)))
        var elements = buffer.mutableSpan
        var bytes = unsafe elements.mutableBytes
        var room = bytes._mutatingExtracting(first: wanted)
        guard try file.read(into: &room) == wanted else { return false }
        take(room.bytes)
        inFile -= UInt64(wanted)
      }
    }
    return rest == 0
  }

  // MARK: Writing

  /// Goes on after the first `offset` bytes of content; whatever follows them is forgotten. More
  /// than there are is our own mistake.
  public mutating func begin(at offset: UInt64) throws(FileFailure) {
    var rest = offset
    for (position, item) in items.enumerated() {
      guard let size = item.room else { continue }
      if size > 0 ? rest >= size : rest > 0 {
        rest -= size
        continue
      }
      let file = try staging.tree.openOwn(item.path)
      guard try file.status().st_size >= rest else {
        throw FileFailure(path: file.path, operation: .write, errno: EIO)
      }
      try file.truncate(to: rest)
      index = position
      lacking = size - rest
      current = consume file
      return try discardFollowing()
    }
    index = items.count
    guard rest == 0 else {
      throw FileFailure(path: destination.path, operation: .write, errno: EFBIG)
    }
  }

  /// Empties the files after the present one.
  private func discardFollowing() throws(FileFailure) {
    for item in items[(index + 1)...] where item.room != nil {
      if let status = try staging.tree.status(item.path), status.st_size > 0 {
        try staging.tree.openOwn(item.path).truncate(to: 0)
      }
    }
  }

  /// Adds content at the end. More than all files have room for is our own mistake, and refused.
  public mutating func write(_ content: RawSpan) throws(FileFailure) {
    var rest = content
    while rest.byteCount > 0 {
      try moveOn()
      let count = lacking < UInt64(rest.byteCount) ? Int(lacking) : rest.byteCount
      switch current {
      case .some(let file): try file.write(rest.extracting(first: count))
      case .none: throw FileFailure(path: destination.path, operation: .write, errno: EFBIG)
      }
      lacking -= UInt64(count)
      rest = rest.extracting(droppingFirst: count)
    }
  }

  /// Makes the next file that lacks something the present one.
  private mutating func moveOn() throws(FileFailure) {
    while lacking == 0 {
      current = nil
      index += 1
      guard index < items.count else {
        throw FileFailure(path: destination.path, operation: .write, errno: EFBIG)
      }
      guard let size = items[index].room else { continue }
      let file = try staging.tree.openOwn(items[index].path)
      try file.truncate(to: 0)
      lacking = size
      current = consume file
    }
  }
}
