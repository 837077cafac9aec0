import Glibc
import ServerTransport
import Synchronization
import Testing
import Transport
import Wire

/// Long enough for a busy machine; no test waits for it to pass.
var generous: Deadline { .after(.seconds(20)) }

/// Answers every request with itself, at once.
let echo: RequestHandler = { message, _, _, _ in .now(Response(message: copy(message))) }

/// The bytes of a message, which is only lent to its handler.
func copy(_ message: RawSpan) -> [UInt8] { unsafe message.withUnsafeBytes { unsafe [UInt8]($0) } }

/// Runs `body` against a server on a free port and shuts the server down.
func withServer(
  _ limits: ServerLimits = ServerLimits(), bind: String? = nil, threads: Int = 2,
  handler: @escaping RequestHandler = echo, _ body: (RequestServer) async throws -> Void
) async throws {
  let server = try await RequestServer.start(
    bind: bind, port: 0, limits: limits, threads: threads, handler: handler)
  do {
    try await body(server)
  } catch {
    try await server.shutdown()
    throw error
  }
  try await server.shutdown()
}

func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
  var limits = ServerLimits()
  change(&limits)
  return limits
}

extension RequestServer {
  var ipv4: NetworkAddress {
    get throws { try #require(NetworkAddress(ip: [127, 0, 0, 1], port: port)) }
  }

  /// 127.0.0.1, and ::1 where the machine has it.
  var loopbacks: [NetworkAddress] {
    get throws {
      let ip = [UInt8](repeating: 0, count: 15) + [1]
      let ipv6 = try #require(NetworkAddress(ip: ip, port: port))
      return [try ipv4] + (hasIPv6 ? [ipv6] : [])
    }
  }

  func connect(_ address: NetworkAddress? = nil) throws -> StreamConnection {
    try StreamConnection.connect(toAny: [address ?? ipv4], deadline: generous)
  }

  /// That a client of each kind is still served.
  func expectService() throws {
    #expect(try connect().exchange([1, 2, 3]) == [1, 2, 3])
    let socket = try DatagramSocket.connect(to: ipv4)
    try socket.send(unsafe ([4, 5, 6] as [UInt8]).span.bytes)
    let answer = try socket.receive(deadline: generous)
    #expect(answer == [4, 5, 6])
  }
}

/// ::1 can be bound. The IPv6 half of the tests is left out where it cannot.
let hasIPv6: Bool = {
  let listening = (try? Listener(port: 0))?.port ?? 0
  let ip = [UInt8](repeating: 0, count: 15) + [1]
  guard let address = NetworkAddress(ip: ip, port: listening),
    (try? DatagramSocket.connect(to: address)) != nil
  else {
    print("This machine has no IPv6: its half of the tests is skipped.")
    return false
  }
  return true
}()

extension StreamConnection {
  func write(_ bytes: [UInt8]) throws {
    try writeAll(unsafe bytes.span.bytes, deadline: generous)
  }

  func exchange(_ message: [UInt8]) throws -> [UInt8] {
    try sendKDCMessage(unsafe message.span.bytes, deadline: generous)
    return try receiveKDCMessage(deadline: generous)
  }

  func expectClosed(_ location: SourceLocation = #_sourceLocation) {
    #expect(throws: TransportFailure.closedByPeer, sourceLocation: location) {
      try receiveKDCMessage(deadline: generous)
    }
  }
}

/// A message as it travels over TCP.
func framed(_ message: [UInt8]) -> [UInt8] {
  [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
}

/// Waits until `condition` holds; the test fails if it does not come to hold.
func until(
  _ location: SourceLocation = #_sourceLocation, _ condition: () -> Bool
) async throws {
  let deadline = generous
  while !condition() {
    try #require(!deadline.hasPassed, sourceLocation: location)
    await Task.yield()
  }
}

func openDescriptors() -> Int {
  var count = 0
  guard let directory = unsafe opendir("/proc/self/fd") else { return -1 }
  defer { unsafe closedir(directory) }
  while unsafe readdir(directory) != nil { count += 1 }
  return count
}

/// A handler's requests, kept for the test to answer.
final class HeldRequests: Sendable {
  private let held = Mutex<[(message: [UInt8], respond: Responder)]>([])

  var handler: RequestHandler {
    { message, _, _, later in
      let (message, respond) = (copy(message), later())
      self.held.withLock { $0.append((message, respond)) }
      return .later
    }
  }

  var count: Int { held.withLock { $0.count } }

  func takeAll() -> [(message: [UInt8], respond: Responder)] {
    held.withLock { held in
      defer { held = [] }
      return held
    }
  }
}
