internal import DurableFiles
internal import SecretMemory

extension AtomicFile {
  /// Puts a file of its owner's alone in the place of whatever is at `path`.
  static func replace(_ path: String, with text: RawSpan) throws(FileFailure) {
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(text)
    try file.commit()
  }
}
