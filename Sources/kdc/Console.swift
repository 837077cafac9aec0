import Glibc

/// Lines for whoever started the program, at once, whatever they are connected to.
enum Console {
  /// On standard output. Whether that was possible.
  @discardableResult
  static func say(_ line: String) -> Bool { write(line, to: STDOUT_FILENO) }

  /// On standard error.
  static func tell(_ line: String) { write(line, to: STDERR_FILENO) }

  @discardableResult
  private static func write(_ line: String, to descriptor: Int32) -> Bool {
    let bytes = [UInt8]((line + "\n").utf8)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }
}
