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
}
