internal import Glibc
internal import Synchronization

/// The last line of a terminal, which is written over again and again; what is said meanwhile goes
/// above it.
///
/// There is one for each process, since there is one standard error.
final class StatusLine: Sendable {
  static let shared = StatusLine()

  private struct State {
    var text = ""
    /// While somebody is asked, who would not see the question any more.
    var isPaused = false
  }

  private let present = Mutex(State())

  private static let clearing = "\r\u{1B}[K"

  /// Columns of the terminal; nil when standard error is none.
  var width: Int? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 80
    }
    return Int(size.ws_col)
  }

  /// Shows a text without line ends; an empty one takes the line away.
  func show(_ text: String) {
    present.withLock { present in
      if present.isPaused || text == present.text { return }
      present.text = text
      Self.write(Self.clearing + text)
    }
  }

  /// Writes whole lines to standard error.
  func say(_ lines: String) {
    present.withLock { present in
      Self.write(present.text.isEmpty ? lines : Self.clearing + lines + present.text)
    }
  }

  /// Takes the line away until `goOn`.
  func pause() {
    show("")
    present.withLock { $0.isPaused = true }
  }

  func goOn() { present.withLock { $0.isPaused = false } }

  private static func write(_ text: String) {
    let bytes = [UInt8](text.utf8)
    unsafe bytes.withUnsafeBytes { bytes in
      _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }
}
