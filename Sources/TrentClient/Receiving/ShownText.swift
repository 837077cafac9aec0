internal import DurableFiles
internal import FileTransfer
internal import SecretMemory
internal import Synchronization
internal import Wire

/// A text that somebody has sent, on standard output, made safe line by line: what is a pipe today
/// is shown on a terminal tomorrow. Who wants the bytes as they are says so (`-o`).
struct ShownText {
  /// Of several texts at once, one is shown after the other.
  private static let output = Mutex(())

  private let bytes: [UInt8]
  /// Who has said it, if each line shall tell.
  private let speaker: PrincipalName?

  init(_ bytes: [UInt8], from speaker: PrincipalName? = nil) {
    self.bytes = bytes
    self.speaker = speaker
  }

  func write() throws(FileFailure) {
    let shown = safe
    try Self.output.withLock { (_) throws(FileFailure) in
      var output = try AtomicFile(replacing: "/dev/stdout", mode: 0o600)
      try output.write(shown.bytes)
      try output.commit()
    }
  }

  /// Lines stay lines; everything else that steers a terminal is shown by number.
  var safe: [UInt8] {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let start = speaker.map { "\($0): " } ?? ""
    let shown = lines.map {
      start + SafeText(bytes: [UInt8]($0), limit: Manifest.textLimit).description
    }
    let text = shown.joined(separator: "\n")
    return [UInt8]((text.hasSuffix("\n") ? text : text + "\n").utf8)
  }
}
