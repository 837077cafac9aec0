import Foundation
import Synchronization

/// What comes out of a descriptor, gathered by a thread of its own so that no writer ever waits.
final class CapturedOutput: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  /// Reads to the end and then closes the descriptor; -1 is at its end.
  init(_ descriptor: Int32) {
    Thread.detachNewThread { [self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        // A pseudo-terminal ends with EIO.
        guard count > 0 else { break }
        state.withLock { [buffer] in $0.bytes += buffer.prefix(count) }
      }
      if descriptor >= 0 { close(descriptor) }
      state.withLock { $0.hasEnded = true }
    }
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var hasEnded: Bool { state.withLock { $0.hasEnded } }
  /// Complete lines only.
  var lines: [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
