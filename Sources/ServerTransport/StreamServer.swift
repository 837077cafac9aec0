internal import Dispatch
internal import NIOCore

/// Serves the connections of one listening socket on a thread of its own.
final class StreamServer: Sendable {
  private let listener: StreamListener
  private let state: ServerState
  private let handler: RequestHandler
  private let readiness: Readiness
  private let late: LateAnswers
  private let thread = DispatchQueue(label: "connections")

  /// - Parameter address: what the socket is bound to, for the failure.
  init(
    _ listener: StreamListener, at address: SocketAddress, state: ServerState,
    handler: @escaping RequestHandler
  ) throws(ServerFailure) {
    guard let readiness = Readiness(), let late = LateAnswers(),
      readiness.watch(listener.socket.descriptor, as: StreamLoop.listenerNumber),
      readiness.watch(late.descriptor, as: StreamLoop.lateNumber)
    else { throw .ofSystem(binding: address) }
    self.listener = listener
    self.state = state
    self.handler = handler
    self.readiness = readiness
    self.late = late
  }

  func start() {
    thread.async { [self] in
      StreamLoop(
        listener, state: state, readiness: readiness, late: late, handler: handler
      ).run()
    }
  }

  /// Returns when the thread has ended. The server has stopped before.
  func stop() async {
    late.wake()
    await withCheckedContinuation { ended in
      thread.async { ended.resume() }
    }
  }
}
