internal import Glibc

/// Some lines of a file, one after the other.
struct LineBlock: ~Escapable {
  /// One line, without its newline.
  struct Line: ~Escapable {
    let bytes: RawSpan
    /// Where it starts in the file.
    let offset: UInt64
    /// Whether its newline is missing, as it is when a crash cut the writing short.
    let isTorn: Bool

    @_lifetime(copy bytes)
    fileprivate init(_ bytes: RawSpan, offset: UInt64, isTorn: Bool) {
      self.bytes = bytes
      self.offset = offset
      self.isTorn = isTorn
    }
  }

  let bytes: RawSpan
  /// Where the bytes start in the file.
  let offset: UInt64
  private var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, offset: UInt64) {
    self.bytes = bytes
    self.offset = offset
  }

  /// Where up to `count` parts of about the same length are, each of whole lines.
  func split(into count: Int) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = 0
    for number in 1...count where start < bytes.byteCount {
      let aim = max(start, bytes.byteCount * number / count)
      let rest = bytes.extracting(droppingFirst: aim)
      let end = rest.firstOffset(of: UInt8(ascii: "\n")).map { aim + $0 + 1 } ?? bytes.byteCount
      parts.append(start..<end)
      start = end
    }
    return parts
  }

  @_lifetime(copy self)
  func part(_ range: Range<Int>) -> LineBlock {
    LineBlock(bytes.extracting(range), offset: offset + UInt64(range.lowerBound))
  }

  @_lifetime(copy self)
  mutating func next() -> Line? {
    guard position < bytes.byteCount else { return nil }
    let rest = bytes.extracting(droppingFirst: position)
    let newline = rest.firstOffset(of: UInt8(ascii: "\n"))
    let line = Line(
      rest.extracting(first: newline ?? rest.byteCount),
      offset: offset + UInt64(position), isTorn: newline == nil)
    position += line.bytes.byteCount + 1
    return line
  }
}

extension RawSpan {
  /// One byte. An offset outside is our own mistake.
  func byte(at offset: Int) -> UInt8 {
    // Every bit pattern is a byte, and the offset is checked.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Where the first such byte is.
  func firstOffset(of byte: UInt8) -> Int? {
    unsafe withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress,
        let found = unsafe memchr(start, CInt(byte), bytes.count)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - start
    }
  }

  /// The offset behind the last newline; 0 when there is none.
  var endOfLastLine: Int {
    var end = byteCount
    while end > 0, byte(at: end - 1) != UInt8(ascii: "\n") { end -= 1 }
    return end
  }

  /// Whether a line says nothing to the KDC.
  var isBlankOrComment: Bool { byteCount == 0 || byte(at: 0) == UInt8(ascii: "#") }
}
