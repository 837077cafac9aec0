internal import NIOCore

/// Sends the answers that connections of one event loop have written, when the loop has looked at
/// all connections that had something to say: a client that waits for several is woken once.
///
/// None waits long for others: requests that take their time are answered one by one.
final class StreamFlusher {
  /// How long the first answer may wait for others.
  private static let patience = TimeAmount.microseconds(200)

  private var waiting: [StreamHandler] = []
  /// Since when the first one waits.
  private var since = NIODeadline.now()

  /// Has a connection flushed soon, once for each call.
  func flushSoon(_ handler: StreamHandler, on loop: any EventLoop) {
    let now = NIODeadline.now()
    if waiting.isEmpty {
      since = now
      loop.assumeIsolated().execute { self.flush() }
    }
    waiting.append(handler)
    if now - since > Self.patience { flush() }
  }

  private func flush() {
    // A connection that is flushed may have more to write, and comes back here.
    var ready: [StreamHandler] = []
    swap(&ready, &waiting)
    for handler in ready { handler.flush() }
    guard waiting.isEmpty else { return }
    ready.removeAll(keepingCapacity: true)
    swap(&ready, &waiting)
  }
}
