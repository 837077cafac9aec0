internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import SecretMemory

/// The content of several files as one sequence of bytes, read from front to back: one file is open
/// at a time.
struct FileSequence: ~Copyable {
  private let files: [SourceFile]
  /// The file that is open, or to be opened next.
  private var index = 0
  private var current: OpenFile?
  /// How many bytes the open file still has.
  private var rest: UInt64 = 0

  init(_ files: [SourceFile]) { self.files = files }

  /// Goes on at an offset of the whole sequence. One beyond the end is our own mistake.
  mutating func seek(to offset: UInt64) throws(SourceFailure) {
    var left = offset
    (index, rest) = (0, 0)
    current = nil
    while index < files.count {
      // A file that ends there has been read and looked at.
      let size = files[index].size
      guard left < size || size == 0 && left == 0 else {
        left -= size
        index += 1
        continue
      }
      guard left > 0 else { return }
      let file = try files[index].open()
      do { try file.seek(to: left) } catch { throw SourceFailure(description: "\(error).") }
      rest = size - left
      current = consume file
      return
    }
    precondition(left == 0)
  }

  /// Fills `buffer`, and returns how many bytes that took: fewer than it holds only at the end.
  mutating func read(into buffer: inout MutableRawSpan) throws(SourceFailure) -> Int {
    var filled = 0
    while try openNext(), filled < buffer.byteCount {
      let count = Int(min(rest, UInt64(buffer.byteCount - filled)))
      var room = buffer._mutatingExtracting(filled..<(filled + count))
      guard try readFromCurrent(into: &room) == count else { throw files[index].hasChanged }
      filled += count
      rest -= UInt64(count)
    }
    return filled
  }

  private func readFromCurrent(
    into buffer: inout MutableRawSpan
  ) throws(SourceFailure) -> Int {
    do throws(FileFailure) {
      switch current {
      case .some(let file): return try file.read(into: &buffer)
      case .none: return 0
      }
    } catch {
      throw SourceFailure(description: "\(error).")
    }
  }

  /// Sees to it that a file is open that has bytes left.
  ///
  /// - Returns: false at the end of them all.
  private mutating func openNext() throws(SourceFailure) -> Bool {
    while rest == 0 {
      if let file = current.take() {
        // What was changed behind the reader's back may be a mixture of old and new.
        guard (try? files[index].isUnchanged(file)) == true else { throw files[index].hasChanged }
        index += 1
      }
      guard index < files.count else { return false }
      let file = try files[index].open()
      rest = files[index].size
      current = consume file
    }
    return true
  }

  /// SHA-256 of the first `count` bytes. Reading goes on after them.
  mutating func hash(first count: UInt64) throws(SourceFailure) -> [UInt8] {
    try seek(to: 0)
    var hasher = SHA256Hasher()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var left = count
    while left > 0 {
      let wanted = Int(min(left, UInt64(buffer.count)))
      var elements = buffer.mutableSpan
      var bytes = unsafe elements.mutableBytes
      var room = bytes._mutatingExtracting(first: wanted)
      guard try read(into: &room) == wanted else { break }
      hasher.update(room.bytes)
      left -= UInt64(wanted)
    }
    return hasher.finish()
  }
}
