import Foundation
import SecretMemory
import Synchronization
import Transport
import Wire

/// Answers in a KDC's place, in the right frames, what makes no sense.
final class JunkServer: Sendable {
  private let listener: ServerSocket
  private let count = Mutex(0)
  /// How many requests have been answered.
  var answerCount: Int { count.withLock { $0 } }

  init(_ port: UInt16) throws {
    listener = try ServerSocket(port)
    Thread.detachNewThread { [listener, weak self] in
      while true {
        let accepted = accept(listener.descriptor, nil, nil)
        guard accepted >= 0, let self else { return }
        try? self.answer(accepted)
      }
    }
  }

  /// Ends the thread.
  deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

  private func answer(_ descriptor: Int32) throws {
    let stream = try StreamConnection(adopting: descriptor)
    _ = try stream.receiveKDCMessage(deadline: .after(.seconds(5)))
    let junk: [UInt8] = [1, 2, 3]
    try stream.sendKDCMessage(junk.bytes, deadline: .after(.seconds(5)))
    count.withLock { $0 += 1 }
  }
}
