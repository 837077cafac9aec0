internal import DurableFiles
internal import Glibc
internal import SecretMemory

/// A file of lines as it was found when the KDC started. Kept as a secret, since digests written by
/// hand may be among the lines.
struct TextFile: ~Copyable {
  struct Line {
    /// Counted from 1.
    let number: Int
    /// Where the line is, without its newline.
    let range: Range<Int>
    /// Whether its newline is missing, as it is when a crash cut the writing short.
    let isTorn: Bool
  }

  let contents: SecretBytes
  let permissions: mode_t
  let lines: [Line]

  /// Nil when there is no such file.
  static func read(_ path: String, limit: Int) throws(DirectoryFailure) -> TextFile? {
    do throws(FileFailure) {
      guard let size = try OpenFile(reading: path).size(), size <= UInt64(limit) else {
        throw FileFailure(path: path, operation: .read, errno: EFBIG)
      }
      guard let file = try SecretFile.read(path, limit: Int(size)) else { return nil }
      return TextFile(file)
    } catch {
      switch error.errno {
      case ENOENT: return nil
      case EFBIG: throw .unsuitable(path: path)
      default: throw .file(error)
      }
    }
  }

  private init(_ file: consuming SecretFile) {
    permissions = file.permissions
    lines = Self.split(file.contents.bytes)
    contents = file.contents
  }

  private static func split(_ bytes: RawSpan) -> [Line] {
    var lines: [Line] = []
    var start = 0
    for position in 0..<bytes.byteCount where bytes.byte(at: position) == UInt8(ascii: "\n") {
      lines.append(Line(number: lines.count + 1, range: start..<position, isTorn: false))
      start = position + 1
    }
    if start < bytes.byteCount {
      lines.append(Line(number: lines.count + 1, range: start..<bytes.byteCount, isTorn: true))
    }
    return lines
  }

  @_lifetime(borrow self)
  borrowing func bytes(of line: Line) -> RawSpan { contents.bytes.extracting(line.range) }
}

extension RawSpan {
  /// Whether a line says nothing to the KDC.
  var isBlankOrComment: Bool { byteCount == 0 || byte(at: 0) == UInt8(ascii: "#") }
}
