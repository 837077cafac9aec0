internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// The lines of the user file where they are: on the disk, or in the system's cache of it.
///
/// Read anew whenever one is asked for, and checked each time. Not mapped into memory: to touch a
/// mapped page of a file that somebody has cut kills the process.
struct StoredUsers: ~Copyable, Sendable {
  /// What is found at an offset.
  enum Answer {
    case record(UserRecord)
    /// A line of another name, with the same hash.
    case otherName
    /// No line, or a damaged one: the file is not as it was.
    case damaged
  }

  let file: LineFile

  init(_ file: consuming LineFile) { self.file = file }

  func record(of name: PrincipalName, at offset: UInt64) -> Answer {
    // The longest line and its newline.
    var buffer = InlineArray<1025, UInt8>(repeating: 0)
    let byteCount = read(at: offset, into: &buffer)
    let bytes = unsafe buffer.span.bytes.extracting(first: byteCount)
    guard let end = bytes.firstOffset(of: UInt8(ascii: "\n")) else { return .damaged }
    do throws(LineFault) {
      let user = try UserLine(bytes.extracting(first: end))
      guard let record = user.record, !user.isPlain else { return .damaged }
      return record.name == name ? .record(record) : .otherName
    } catch {
      return .damaged
    }
  }

  /// Whether the line at `offset` is of the same name as `line`, both of them being right.
  func isSameName(_ line: RawSpan, at offset: UInt64) -> Bool {
    // `name=`, the longest name, and the space that ends it.
    var buffer = InlineArray<70, UInt8>(repeating: 0)
    let byteCount = read(at: offset, into: &buffer)
    let bytes = unsafe buffer.span.bytes.extracting(first: byteCount)
    guard let end = line.firstOffset(of: UInt8(ascii: " ")), end < bytes.byteCount else {
      return false
    }
    return bytes.extracting(first: end + 1).isSame(as: line.extracting(first: end + 1))
  }

  private func read<let limit: Int>(
    at offset: UInt64, into buffer: inout InlineArray<limit, UInt8>
  ) -> Int {
    var span = buffer.mutableSpan
    var bytes = unsafe span.mutableBytes
    return (try? file.file.read(at: offset, into: &bytes)) ?? 0
  }
}
