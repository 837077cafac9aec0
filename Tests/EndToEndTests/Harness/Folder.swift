import Foundation

/// A folder of one test's own.
struct Folder {
  let path: String

  /// Makes a new one, to be removed with `remove`.
  init() throws {
    var template = Array("/tmp/trent-e2e-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw TestProblem("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// A folder that somebody else makes.
  init(notYetAt path: String) { self.path = path }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// A folder in this one, made if need be.
  func folder(_ name: String) throws -> Folder {
    try FileManager.default.createDirectory(
      atPath: path(name), withIntermediateDirectories: true)
    return Folder(notYetAt: path(name))
  }

  /// Everything in it, hidden files too, sorted.
  var entries: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// The paths of all files in it and in its folders.
  var allFiles: [String] {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return names.map(path).filter { (try? permissions($0, kind: S_IFREG)) != nil }
  }

  /// Writes a file and returns its path.
  @discardableResult
  func put(_ bytes: [UInt8], at name: String, mode: Int = 0o644) throws -> String {
    guard
      FileManager.default.createFile(
        atPath: path(name), contents: Data(bytes), attributes: [.posixPermissions: mode])
    else { throw TestProblem("writing \(name)") }
    return path(name)
  }

  /// A file of nothing but holes with a few bytes at either end.
  func putSparse(size: Int, at name: String) throws -> String {
    let path = try put(Array("begin".utf8), at: name)
    let file = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { throw TestProblem("open") }
    defer { close(file) }
    guard unsafe pwrite(file, "end", 3, off_t(size) - 3) == 3 else { throw TestProblem("pwrite") }
    return path
  }

  /// What a file holds; nil when there is none.
  func bytes(of name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: path(name)).map(Array.init)
  }

  func text(of name: String) -> String? {
    bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Permissions of what is at `path` itself, if it is of the kind; links are not followed.
func permissions(_ path: String, kind: mode_t) throws -> mode_t? {
  var status = stat()
  guard unsafe lstat(path, &status) == 0 else { throw TestProblem("lstat \(path)") }
  return status.st_mode & S_IFMT == kind ? status.st_mode & 0o7777 : nil
}

func randomBytes(_ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  for start in stride(from: 0, to: count, by: 256) {
    let end = min(count, start + 256)
    unsafe bytes[start..<end].withUnsafeMutableBytes {
      _ = unsafe getentropy($0.baseAddress, $0.count)
    }
  }
  return bytes
}

extension Folder {
  /// Arguments for a KDC that lets one address ask for as much as a load generator does.
  func unbrakedKDC() throws -> [String] {
    let rates = ["sealed-requests", "registrations", "connections"]
      .map { "\"\($0)\": {\"per-second\": 0}" }.joined(separator: ", ")
    return ["--settings", try put(Array("{\"brakes\": {\(rates)}}".utf8), at: "unbraked.json")]
  }
}
