import DurableFiles
import Glibc
import SecretMemory

/// A folder of one test's own, removed with all it holds when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/trent-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw TestProblem("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.remove(path) }

  func file(_ name: String) -> String { joinPath(path, name) }

  /// Everything in the folder, hidden files too, sorted.
  var entries: [String] { Self.entries(of: path) }

  /// Makes a file the plain way.
  func put(_ text: String, at name: String, mode: mode_t = 0o644) throws {
    let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
    guard descriptor >= 0 else { throw TestProblem("open") }
    defer { close(descriptor) }
    var bytes = Array(text.utf8)
    let count = bytes.count
    guard unsafe write(descriptor, &bytes, count) == count else { throw TestProblem("write") }
  }

  /// What a file holds; nil when it is not there.
  func text(of name: String) throws -> String? {
    DurableFilesTests.text(of: try readSecretFile(file(name), limit: 1 << 20))
  }

  static func entries(of folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    for name in entries(of: path) { remove(joinPath(path, name)) }
    unsafe rmdir(path)
  }
}

struct TestProblem: Error {
  let operation: String
  init(_ operation: String) { self.operation = operation }
}

/// A secret of a test as text, for comparison.
func text(of secret: consuming SecretBytes?) -> String? {
  guard let secret else { return nil }
  return String(decoding: [UInt8](secret.bytes), as: UTF8.self)
}

/// What a path itself is, without following a symbolic link.
func linkStatus(_ path: String) throws -> stat {
  var status = stat()
  guard unsafe lstat(path, &status) == 0 else { throw TestProblem("lstat") }
  return status
}

func permissions(_ path: String) throws -> mode_t { try linkStatus(path).st_mode & 0o777 }

func kind(_ path: String) throws -> mode_t { try linkStatus(path).st_mode & S_IFMT }

/// A pipe that holds `text` and is closed for writing; the reader closes what it is given.
func pipe(holding text: String) throws -> Int32 {
  var ends: [Int32] = [0, 0]
  guard unsafe Glibc.pipe(&ends) == 0 else { throw TestProblem("pipe") }
  var bytes = Array(text.utf8)
  let count = bytes.count
  guard unsafe write(ends[1], &bytes, count) == count else { throw TestProblem("write") }
  close(ends[1])
  return ends[0]
}
