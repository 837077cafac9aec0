import Glibc
import ServerTransport
import Synchronization
import Testing
import Transport
import Wire

@Suite("Connections that the KDC tries")
struct ConnectionProberTests {
  /// The outcome of one try, and how often it was told.
  private func probe(
    _ port: UInt16, within patience: Interval = .seconds(10)
  ) async throws -> Bool {
    let prober = ConnectionProber()
    let outcomes = Mutex<[Bool]>([])
    let address = try #require(NetworkAddress(ip: [127, 0, 0, 1], port: port))
    let isReached = await withCheckedContinuation { continuation in
      prober.probe(address, within: patience) { isReached in
        if outcomes.withLock({
          $0.append(isReached)
          return $0.count == 1
        }) {
          continuation.resume(returning: isReached)
        }
      }
    }
    try await prober.shutdown()
    #expect(outcomes.withLock { $0.count } == 1)
    return isReached
  }

  @Test("D2: who listens is reached, is sent nothing, and sees the end at once")
  func reached() async throws {
    let listener = try Listener(port: 0)
    #expect(try await probe(listener.port))
    _ = try Polling.wait(for: [.init(listener.descriptor, .readable)], until: generous)
    switch try listener.accept() {
    case .some(let connection): connection.expectClosed()
    case .none: Issue.record("nobody has connected")
    }
  }

  @Test("D2: where nobody listens nobody is reached")
  func refused() async throws {
    let port = try Listener(port: 0).port
    #expect(try await probe(port) == false)
  }

  @Test("D2: silence ends at the deadline")
  func silence() async throws {
    let full = try #require(FullListener())
    let start = ContinuousClock.now
    #expect(try await probe(full.port, within: .milliseconds(300)) == false)
    #expect(ContinuousClock.now - start >= .milliseconds(300))
  }

  @Test("What is being tried when the KDC ends is told, too")
  func shutdown() async throws {
    let full = try #require(FullListener())
    let prober = ConnectionProber()
    let address = try #require(NetworkAddress(ip: [127, 0, 0, 1], port: full.port))
    let outcome = Mutex<Bool?>(nil)
    prober.probe(address, within: .minutes(10)) { isReached in
      outcome.withLock { $0 = isReached }
    }
    try await prober.shutdown()
    #expect(outcome.withLock { $0 } == false)
  }
}
