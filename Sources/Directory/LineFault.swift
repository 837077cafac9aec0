public import Wire

/// What is wrong with a line of a user or presence file. The fault of whoever wrote it, or of the
/// disk.
public enum LineFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// More than 1024 bytes.
  case tooLong
  /// Something other than printable ASCII: a NUL, a tab, an accent.
  case unprintable
  /// The checksum at the end is missing or is not that of the line.
  case checksum
  /// A field is missing, out of its place, or has no value that its definition allows.
  case invalidField(WireError.StaticName)
  /// More text after the last field.
  case trailingText

  public var description: String {
    switch self {
    case .tooLong: "it is longer than \(ChecksummedLine.byteLimit) bytes"
    case .unprintable: "it has a character that is not printable ASCII"
    case .checksum: "its checksum is missing or wrong"
    case .invalidField(let name): "its field \"\(name)\" is missing or wrong"
    case .trailingText: "there is more after its last field"
    }
  }

  static func invalid(_ field: StaticString) -> LineFault {
    .invalidField(WireError.StaticName(field))
  }
}
