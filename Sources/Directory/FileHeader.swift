internal import Wire

/// The comment that a text file of ours starts with: its format and whose it is.
///
///     # trent users v1 realm=<64 hexadecimal digits>
struct FileHeader {
  /// `users` or `presence`.
  let content: String
  /// The SHA-256 of the KDC's identity key, 32 bytes.
  let realm: [UInt8]

  /// What a line is.
  enum Verdict {
    case ours, otherRealm, unknownFormat, other
  }

  var text: String { start + "1" + realmLabel + Hexadecimal.encode(realm) }

  private var start: String { "# trent \(content) v" }
  private var realmLabel: String { " realm=" }

  func judge(_ line: RawSpan) -> Verdict {
    guard line.starts(with: start) else { return .other }
    guard line.starts(with: start + "1" + realmLabel) else { return .unknownFormat }
    guard line.byteCount == text.utf8.count else { return .other }
    return line.starts(with: text) ? .ours : .otherRealm
  }
}
