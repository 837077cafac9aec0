internal import DurableFiles
internal import Glibc
internal import SecretMemory

/// A file of lines that is read from front to back, a block at a time: however long it is, only one
/// block of it is in memory. That is erased, since digests written by hand may be among the lines.
struct LineFile: ~Copyable, Sendable {
  /// The nine permission bits.
  let permissions: UInt32
  /// How long it was when it was opened.
  private let byteCount: Int
  let file: OpenFile
  private let path: String

  /// How many bytes a block has: enough to keep several processors busy, few enough for a cache.
  private static let blockByteCount = 1 << 20

  /// Nil when there is no such file.
  static func open(_ path: String, limit: Int) throws(DirectoryFailure) -> LineFile? {
    do throws(FileFailure) {
      let file = try OpenFile(reading: path)
      guard let size = try file.size(), size <= UInt64(limit) else {
        throw FileFailure(path: path, operation: .read, errno: EFBIG)
      }
      return LineFile(
        permissions: try file.permissions(), byteCount: Int(size), file: file, path: path)
    } catch {
      switch error.errno {
      case ENOENT: return nil
      case EFBIG: throw .unsuitable(path: path)
      default: throw .file(error)
      }
    }
  }

  /// Calls `body` with all lines, in order, some at a time: whole ones with their newlines, but for
  /// the last of the file, whose newline a crash may have kept from being written.
  borrowing func forEachBlock(
    _ body: (LineBlock) throws(DirectoryFailure) -> Void
  ) throws(DirectoryFailure) {
    // A byte more than there should be tells the end.
    var buffer = SecretBytes(count: min(Self.blockByteCount, byteCount + 1)) { _ in }
    var offset: UInt64 = 0
    while true {
      var span = buffer.mutableBytes
      let count = try read(at: offset, into: &span)
      guard count > 0 else { return }
      let isLast = count < buffer.count
      let end = isLast ? count : buffer.bytes.endOfLastLine
      if end > 0 { try body(LineBlock(buffer.bytes.extracting(first: end), offset: offset)) }
      if isLast { return }
      offset += UInt64(end)
      // Damage, if there is not even one newline: that is one line, too, however long it is.
      if end == 0 { buffer = SecretBytes(count: buffer.count * 2) { _ in } }
    }
  }

  private borrowing func read(
    at offset: UInt64, into span: inout MutableRawSpan
  ) throws(DirectoryFailure) -> Int {
    do throws(FileFailure) {
      return try file.read(at: offset, into: &span)
    } catch {
      throw .file(error)
    }
  }
}
