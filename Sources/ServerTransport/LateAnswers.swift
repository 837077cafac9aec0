internal import CSystemCalls
internal import Glibc
internal import Synchronization

/// Answers that other threads have for the connections of a loop, and what wakes it up for them.
final class LateAnswers: Sendable {
  struct Answer: Sendable {
    let connection: StreamName
    let number: ResponseQueue.Number
    let response: Response?
    /// When the request came.
    let arrival: Moment
  }

  private struct State {
    var waiting: [Answer] = []
    /// The loop looks here before it sleeps.
    var isAwake = true
  }

  /// Readable when the loop is to wake up (eventfd(2)).
  let descriptor: Int32
  private let state = Mutex(State())

  /// Nil when the system has no more descriptors; `errno` tells why.
  init?() {
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  func post(_ answer: Answer) {
    let isAwake = state.withLock { state in
      state.waiting.append(answer)
      defer { state.isAwake = true }
      return state.isAwake
    }
    if !isAwake { wake() }
  }

  /// Wakes the loop up, answer or none.
  func wake() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }

  /// What has been posted. With nothing there the loop may sleep.
  func take() -> [Answer] {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isAwake = false
        return []
      }
      var taken: [Answer] = []
      swap(&taken, &state.waiting)
      return taken
    }
  }

  /// The loop is awake.
  func acknowledge() {
    var count: UInt64 = 0
    _ = unsafe read(descriptor, &count, 8)
  }
}
