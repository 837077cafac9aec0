internal import Glibc
public import SecretMemory

/// The content of a small file that holds a secret, and who else may read it.
@frozen
public struct SecretFile: ~Copyable, Sendable {
  /// All of the file.
  public let contents: SecretBytes
  /// The nine permission bits that the file had when it was read.
  public let permissions: UInt32

  /// Whether group or others may read or write the file. Pipes have no such bits to speak of.
  public var isOpenToOthers: Bool { permissions & 0o077 != 0 }

  /// Reads all of `path`; nil when there is no such file. More than `limit` bytes are an error.
  public static func read(_ path: String, limit: Int) throws(FileFailure) -> SecretFile? {
    do throws(FileFailure) {
      return try SecretFile(of: OpenFile(reading: path), limit: limit)
    } catch {
      guard error.errno == ENOENT else { throw error }
      return nil
    }
  }

  private init(of file: borrowing OpenFile, limit: Int) throws(FileFailure) {
    let status = try file.status()
    // A limit can be a thousand times what there is; but only files say how much that is.
    var room = min(limit, max(Int(clamping: status.st_size), 4096))
    var content = SecretBytes(copying: RawSpan())
    while true {
      // One byte more than expected tells more from just as much.
      var count = content.count
      let longer = try SecretBytes(count: room + 1) { (span) throws(FileFailure) in
        span.write(content.bytes, at: 0)
        var rest = span._mutatingExtracting(droppingFirst: count)
        count += try file.read(into: &rest)
      }
      content = longer.part(from: 0, count: count)
      if count <= room { break }
      guard room < limit else {
        throw FileFailure(path: file.path, operation: .read, errno: EFBIG)
      }
      room = min(limit, 2 * room)
    }
    permissions = status.permissions
    contents = content
  }
}

/// The content of a file of at most `limit` bytes; nil when there is no such file.
public func readSecretFile(_ path: String, limit: Int) throws(FileFailure) -> SecretBytes? {
  guard let file = try SecretFile.read(path, limit: limit) else { return nil }
  return file.contents
}

/// The next line of an open descriptor, without its newline; nil at the end of the input.
///
/// Read byte by byte, so that whatever follows the line stays in a pipe for whoever reads next. A
/// line longer than `limit` bytes is an error.
public func readSecretLine(
  from descriptor: Int32, limit: Int = 1024
) throws(FileFailure) -> SecretBytes? {
  let name = descriptor == STDIN_FILENO ? "standard input" : "file descriptor \(descriptor)"
  var count = 0
  var ended = false
  let line = try SecretBytes(count: limit + 1) { (span) throws(FileFailure) in
    while true {
      let position = count
      let got = unsafe span.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress?.advanced(by: position), 1)
      }
      if got < 0 {
        guard errno == EINTR else { throw FileFailure(.read, name) }
        continue
      }
      ended = got == 0
      if unsafe ended
        || span.bytes.unsafeLoadUnaligned(fromByteOffset: count, as: UInt8.self) == 0x0a
      {
        return
      }
      count += 1
      guard count <= limit else {
        throw FileFailure(path: name, operation: .read, errno: EMSGSIZE)
      }
    }
  }
  return ended && count == 0 ? nil : line.part(from: 0, count: count)
}
