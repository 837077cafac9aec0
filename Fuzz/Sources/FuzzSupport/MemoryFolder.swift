import Glibc

/// A folder in memory, for files that are written and read in every run.
public struct MemoryFolder: Sendable {
  public let path: String

  public init() {
    var template = Array("/dev/shm/trent-fuzz-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { fatalError("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Writes a file, in the place of the one that was there.
  public func put(_ bytes: [UInt8], at name: String) {
    let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { fatalError("open") }
    _ = unsafe write(descriptor, bytes, bytes.count)
    close(descriptor)
  }

  public func makeFolder(_ name: String) {
    guard unsafe mkdir("\(path)/\(name)", 0o700) == 0 else { fatalError("mkdir") }
  }

  public func makeLink(_ name: String, to target: String) {
    guard unsafe symlink(target, "\(path)/\(name)") == 0 else { fatalError("symlink") }
  }

  /// The content of a file; nil where there is none.
  public func get(_ name: String) -> [UInt8]? {
    guard case .file(let bytes, _)? = Self.thing(at: "\(path)/\(name)") else { return nil }
    return bytes
  }

  // MARK: All that there is

  /// What there is under a name, links not followed.
  public enum Thing: Hashable, Sendable {
    case file([UInt8], permissions: UInt32)
    case folder(permissions: UInt32)
    case link(to: String)
    case other
  }

  /// Everything below, by its path.
  public func content() -> [String: Thing] {
    var all: [String: Thing] = [:]
    visit("") { all[$0] = $1 }
    return all
  }

  /// Removes everything below.
  public func clear() {
    visit("") { name, thing in
      if case .folder = thing { unsafe chmod("\(path)/\(name)", 0o700) }
    } after: { name, thing in
      let place = "\(path)/\(name)"
      let result = if case .folder = thing { unsafe rmdir(place) } else { unsafe unlink(place) }
      guard result == 0 else { fatalError("clear") }
    }
  }

  private func visit(
    _ folder: String, _ before: (String, Thing) -> Void,
    after: (String, Thing) -> Void = { _, _ in }
  ) {
    for name in Self.names(in: "\(path)/\(folder)") {
      let inside = folder.isEmpty ? name : "\(folder)/\(name)"
      guard let thing = Self.thing(at: "\(path)/\(inside)") else { continue }
      before(inside, thing)
      if case .folder = thing { visit(inside, before, after: after) }
      after(inside, thing)
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func thing(at path: String) -> Thing? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    let permissions = UInt32(status.st_mode & 0o7777)
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder(permissions: permissions)
    case S_IFREG:
      var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
      let descriptor = unsafe open(path, O_RDONLY)
      _ = unsafe read(descriptor, &bytes, bytes.count)
      close(descriptor)
      return .file(bytes, permissions: permissions)
    case S_IFLNK:
      var bytes = [CChar](repeating: 0, count: 4097)
      let count = unsafe readlink(path, &bytes, 4096)
      let target = bytes.prefix(max(count, 0)).map(UInt8.init(bitPattern:))
      return .link(to: String(decoding: target, as: UTF8.self))
    default: return .other
    }
  }
}
