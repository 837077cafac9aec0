import Cryptography
import Glibc
import KeyDistribution
import SecretMemory
import TrentClient

/// A folder of one test, removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() {
    var template = Array("/tmp/trent-client-tests.XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress, let made = unsafe mkdtemp(start) else { return "" }
      return unsafe String(cString: made)
    }
    precondition(!path.isEmpty, "no temporary folder")
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    guard let stream = unsafe opendir(path) else { return }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      names.append(
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
          unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
            unsafe String(cString: $0)
          }
        })
    }
    unsafe closedir(stream)
    for name in names where name != "." && name != ".." { remove(path + "/" + name) }
    unsafe rmdir(path)
  }

  var state: StateFolder { StateFolder(path: path + "/state") }

  func write(_ text: String, to name: String, mode: mode_t = 0o600) -> String {
    let file = path + "/" + name
    let descriptor = unsafe open(file, O_CREAT | O_WRONLY | O_TRUNC, mode)
    let bytes = [UInt8](text.utf8)
    unsafe bytes.withUnsafeBytes { _ = unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    fchmod(descriptor, mode)
    close(descriptor)
    return file
  }
}

/// The permission bits of a file; nil when it is not there.
func permissions(_ path: String) -> mode_t? {
  var status = stat()
  return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
}

func contents(_ path: String) -> String {
  let descriptor = unsafe open(path, O_RDONLY)
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = unsafe read(descriptor, &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}

/// Somebody who gives prepared answers.
final class ScriptedPerson: Person {
  let isPresent: Bool
  private(set) var said: [String] = []
  private(set) var questions: [String] = []
  private let agreement: Bool
  private var passphrases: [String]

  init(isPresent: Bool = true, agrees: Bool = false, passphrases: [String] = []) {
    self.isPresent = isPresent
    agreement = agrees
    self.passphrases = passphrases
  }

  func agrees(to question: String) -> Bool {
    questions.append(question)
    return agreement
  }

  func passphrase(_ prompt: String) -> SecretBytes {
    questions.append(prompt)
    let text = passphrases.isEmpty ? "" : passphrases.removeFirst()
    return SecretBytes(copying: [UInt8](text.utf8).bytes)
  }

  func say(_ line: String) { said.append(line) }

  func explain(_ detail: @autoclosure () -> String) {}
}

func realm(_ seed: UInt8) -> Realm {
  let seed = SecretBytes(copying: [UInt8](repeating: seed, count: 32).bytes)
  return Realm(identity: SigningKey(seed: seed).publicKey)
}

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: [UInt8](text.utf8).bytes) }
