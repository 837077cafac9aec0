import Glibc

/// Files and folders by their inode numbers, as they are at one moment.
struct DiskTree {
  typealias Inode = UInt64

  var files: [Inode: [UInt8]] = [:]
  /// What is in each folder, by name.
  var folders: [Inode: [String: Inode]] = [:]
  var root: Inode = 0

  init() {}

  /// What is below a folder now.
  init(at path: String) {
    root = Self.inode(of: path)
    scan(path, root)
  }

  private mutating func scan(_ path: String, _ inode: Inode) {
    let entries = Self.entries(of: path)
    folders[inode] = entries
    for (name, entry) in entries {
      let path = "\(path)/\(name)"
      if Self.isFolder(path) { scan(path, entry) } else { files[entry] = Self.content(of: path) }
    }
  }

  /// Makes all of it below a new folder.
  ///
  /// - Returns: the new number of each inode.
  func write(to path: String) -> [Inode: Inode] {
    var numbers: [Inode: Inode] = [:]
    write(root, to: path, &numbers)
    return numbers
  }

  private func write(_ inode: Inode, to path: String, _ numbers: inout [Inode: Inode]) {
    if let entries = folders[inode] {
      guard unsafe mkdir(path, 0o700) == 0 else { preconditionFailure("mkdir \(path)") }
      for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
        write(entry, to: "\(path)/\(name)", &numbers)
      }
    } else {
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
      guard descriptor >= 0 else { preconditionFailure("open \(path)") }
      let bytes = files[inode] ?? []
      // Not by way of the simulated disk: this is what it is made of.
      guard trentWrite(descriptor, bytes) else { preconditionFailure("write \(path)") }
      close(descriptor)
    }
    numbers[inode] = Self.inode(of: path)
  }

  /// The same with other inode numbers. What has no new one, since nothing leads to it any more,
  /// gets one that nothing else has: after a power failure something may lead to it again.
  func renumbered(_ known: [Inode: Inode]) -> DiskTree {
    var tree = DiskTree()
    var numbers = known
    for (place, inode) in (Array(files.keys) + folders.keys).sorted().enumerated()
    where numbers[inode] == nil {
      numbers[inode] = .max - Inode(place) - Inode(known.count) << 32
    }
    tree.root = numbers[root] ?? 0
    for (inode, content) in files {
      if let number = numbers[inode] { tree.files[number] = content }
    }
    for (inode, entries) in folders {
      guard let number = numbers[inode] else { continue }
      tree.folders[number] = entries.compactMapValues { numbers[$0] }
    }
    return tree
  }

  // MARK: The machine's own file system

  static func inode(of path: String) -> Inode {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  static func inode(of descriptor: Int32) -> Inode {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func entries(of path: String) -> [String: Inode] {
    guard let stream = unsafe opendir(path) else { return [:] }
    defer { unsafe closedir(stream) }
    var entries: [String: Inode] = [:]
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
          unsafe String(cString: $0)
        }
      }
      if name != ".", name != ".." { entries[name] = unsafe UInt64(entry.pointee.d_ino) }
    }
    return entries
  }

  static func content(of path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = unsafe read(descriptor, &bytes, bytes.count)
    return [UInt8](bytes.prefix(max(count, 0)))
  }
}
