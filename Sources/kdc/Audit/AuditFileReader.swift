import DurableFiles
import SecretMemory

/// The lines of an audit file, one after the other.
struct AuditFileReader: ~Copyable {
  private static let portion = 1 << 16
  /// No record is as long. What is longer is given in pieces, none of which is a record.
  private static let lineLimit = 1 << 16

  private let file: OpenFile
  private var buffer: [UInt8] = []
  private var place = 0
  private var offset: UInt64
  private var isAtEnd = false
  /// The length of the file up to the end of the last line that was given.
  private(set) var position: UInt64
  /// Whether a part of a line is left at the end.
  private(set) var isTorn = false

  init(_ path: String, from start: UInt64 = 0) throws(FileFailure) {
    file = try OpenFile(reading: path)
    offset = start
    position = start
  }

  /// The next line without its newline; nil at the end.
  mutating func next() throws(FileFailure) -> [UInt8]? {
    while true {
      if let end = buffer[place...].firstIndex(of: UInt8(ascii: "\n")) {
        return take(upTo: end, and: 1)
      }
      if buffer.count - place > Self.lineLimit { return take(upTo: place + Self.lineLimit, and: 0) }
      guard !isAtEnd else {
        isTorn = place < buffer.count
        return nil
      }
      try read()
    }
  }

  private mutating func take(upTo end: Int, and terminator: Int) -> [UInt8] {
    let line = [UInt8](buffer[place..<end])
    place = end + terminator
    position += UInt64(line.count + terminator)
    return line
  }

  private mutating func read() throws(FileFailure) {
    buffer.removeFirst(place)
    place = 0
    var more = [UInt8](repeating: 0, count: Self.portion)
    var span = more.mutableSpan
    var bytes = unsafe span.mutableBytes
    let count = try file.read(at: offset, into: &bytes)
    offset += UInt64(count)
    isAtEnd = count < Self.portion
    buffer += more[..<count]
  }
}
