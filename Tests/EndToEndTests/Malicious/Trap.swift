import Foundation
import Synchronization
import Transport
import Wire

@testable import TrentClient

/// A port at which an impostor waits in a receiver's place.
final class Trap: Sendable {
  private let listener: ServerSocket
  var port: UInt16 { listener.port }

  private struct State: Sendable {
    var callCount = 0
    /// Of these, the test's own.
    var ownCallCount = 0
    var hauls: [MiddleSession.Haul] = []
  }
  private let state = Mutex(State())

  /// What was read of senders' files, once there are so many.
  func hauls(_ count: Int) async throws -> [MiddleSession.Haul] {
    try await eventually("\(count) hauls") {
      let hauls = state.withLock { $0.hauls }
      return hauls.count == count ? hauls : nil
    }
  }

  /// - Parameter callOn: calls the true receiver in the name of a sender.
  init(
    _ impostor: Impostor,
    callOn: @escaping @Sendable (PrincipalName) throws -> PeerConnection
  ) throws {
    listener = try ServerSocket()
    Thread.detachNewThread { [listener, weak self] in
      while true {
        let accepted = accept(listener.descriptor, nil, nil)
        guard accepted >= 0, let self else { return }
        state.withLock { $0.callCount += 1 }
        guard let stream = try? StreamConnection(adopting: accepted) else { continue }
        guard
          let haul = try? MiddleSession.intercept(stream, as: impostor, callOn: callOn)
        else { continue }
        state.withLock { $0.hauls.append(haul) }
      }
    }
  }

  /// Ends the thread.
  deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

  /// How many have called so far: the test calls itself, and whoever came before is counted then.
  func countCalls() async throws -> Int {
    let before = state.withLock { state in
      state.ownCallCount += 1
      return state.callCount
    }
    _ = try ClientSocket(port)
    return try await eventually("the test's own call") {
      let now = state.withLock { $0 }
      return now.callCount > before && !listener.hasInput ? now.callCount - now.ownCallCount : nil
    }
  }
}
