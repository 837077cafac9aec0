import Glibc
import Testing
import Transport
import Wire

@Suite("TCP connections")
struct StreamConnectionTests {
  @Test("Bytes arrive whole and in order, more than the kernel's buffers hold")
  func bulk() async throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    let count = 8 << 20
    let sender = Thread {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      try client.writeAll(unsafe bytes.span.bytes, stallLimit: .seconds(20))
      try client.shutdownWriting()
    }
    var received = [UInt8](repeating: 0, count: count)
    var span = received.mutableSpan
    var buffer = unsafe span.mutableBytes
    try server.readExactly(&buffer, stallLimit: .seconds(20))
    try sender.join()
    #expect(
      received.indices.allSatisfy { received[$0] == UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    #expect(try server.isReadable(within: .seconds(20)))
    #expect(try readSome(server) == 0)
  }

  private func readSome(_ connection: borrowing StreamConnection, _ limit: Int = 16) throws -> Int?
  {
    var bytes = [UInt8](repeating: 0, count: limit)
    var span = bytes.mutableSpan
    var buffer = unsafe span.mutableBytes
    return try connection.readAvailable(into: &buffer)
  }

  private func readExactly(
    _ connection: borrowing StreamConnection, _ count: Int, deadline: Deadline
  ) throws(TransportFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    var buffer = unsafe span.mutableBytes
    try connection.readExactly(&buffer, deadline: deadline)
    return bytes
  }

  @Test("Reading without waiting tells nothing yet from the end")
  func readAvailable() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    #expect(try readSome(server) == nil)
    #expect(try !server.isReadable(within: .milliseconds(1)))
    try client.writeAll(unsafe ([1, 2, 3] as [UInt8]).span.bytes, deadline: generous)
    #expect(try server.isReadable(within: .seconds(20)))
    #expect(try readSome(server) == 3)
    close(client)
    #expect(try server.isReadable(within: .seconds(20)))
    #expect(try readSome(server) == 0)
  }

  private func close(_ connection: consuming StreamConnection) {}

  @Test("A silent peer ends the wait at the deadline, a closed one at once")
  func deadlines() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    #expect(throws: TransportFailure.timedOut) {
      try readExactly(client, 1, deadline: .after(.milliseconds(20)))
    }
    try server.writeAll(unsafe ([1, 2, 3] as [UInt8]).span.bytes, deadline: generous)
    close(server)
    #expect(throws: TransportFailure.closedByPeer) {
      try readExactly(client, 4, deadline: generous)
    }
  }

  @Test("A peer that does not read stalls the writer until its limit")
  func stalledWriter() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    try client.setSocketBuffers(4096)
    let server = try accepted(by: listener)
    let bytes = [UInt8](repeating: 0, count: 64 << 20)
    #expect(throws: TransportFailure.timedOut) {
      try client.writeAll(unsafe bytes.span.bytes, stallLimit: .milliseconds(50))
    }
    #expect(server.peerAddress == client.localAddress)
  }

  @Test("Writing to a peer that has gone is an error, not a signal")
  func goneReader() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    close(try accepted(by: listener))
    let bytes = [UInt8](repeating: 0, count: 16 << 20)
    #expect(throws: TransportFailure.closedByPeer) {
      try client.writeAll(unsafe bytes.span.bytes, deadline: generous)
    }
  }

  @Test("Messages of the KDC keep their boundaries")
  func kdcMessages() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    let messages = [1, 255, 256, 4096].map { [UInt8](repeating: UInt8($0 & 0xff), count: $0) }
    for message in messages {
      try client.sendKDCMessage(unsafe message.span.bytes, deadline: generous)
    }
    for message in messages {
      #expect(try server.receiveKDCMessage(deadline: generous) == message)
    }
    let tooLarge = [UInt8](repeating: 0, count: 4097)
    #expect(throws: TransportFailure.messageTooLarge(limit: 4096)) {
      try client.sendKDCMessage(unsafe tooLarge.span.bytes, deadline: generous)
    }
  }

  @Test("A KDC message of a bad length is refused before its bytes have come")
  func kdcLengths() throws {
    let cases: [([UInt8], TransportFailure)] = [
      ([0, 0], .malformedFrame), ([0x10, 0x01], .messageTooLarge(limit: 4096)),
      ([0xff, 0xff], .messageTooLarge(limit: 4096)),
    ]
    for (header, failure) in cases {
      let listener = try Listener(port: 0)
      let client = try StreamConnection.connect(
        toAny: [loopback(listener.port)], deadline: generous)
      let server = try accepted(by: listener)
      try client.writeAll(unsafe header.span.bytes, deadline: generous)
      #expect(throws: failure) { try server.receiveKDCMessage(deadline: generous) }
    }
  }

  @Test("Frames between peers pass, and the assembler stops at each frame's end")
  func peerFrames() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    let payload = [UInt8](repeating: 5, count: 20_000)
    let limit = Interval.seconds(20)
    for type in [PeerFrameType.handshakeMessage1, .chunk] {
      try client.sendPeerFrame(type, payload: unsafe payload.span.bytes, stallLimit: limit)
    }
    var assembler = PeerFrameAssembler(payloadLimit: 65_535)
    var first: PeerFrame?
    while first == nil {
      try #require(try server.isReadable(within: limit))
      first = try server.receiveAvailable(into: &assembler)
    }
    #expect(first == PeerFrame(type: .handshakeMessage1, payload: payload))
    #expect(try server.receivePeerFrame(stallLimit: limit).type == .chunk)
    close(client)
    try #require(try server.isReadable(within: limit))
    #expect(throws: TransportFailure.closedByPeer) {
      try server.receiveAvailable(into: &assembler)
    }
  }

  /// Somebody who sends a byte now and then must not hold a sender for ever.
  @Test func aFrameThatDripsInEndsAtTheDeadline() throws {
    let listener = try Listener(port: 0)
    let client = try StreamConnection.connect(toAny: [loopback(listener.port)], deadline: generous)
    let server = try accepted(by: listener)
    let dripping = Thread {
      let header = try PeerFrameHeader(type: .handshakeMessage2, payloadCount: 60_000).bytes
      try client.writeAll(unsafe header.span.bytes, stallLimit: .seconds(20))
      let drop: [UInt8] = [0]
      // Until the other side has closed, at the rate of a slow line.
      while (try? client.writeAll(unsafe drop.span.bytes, stallLimit: .seconds(20))) != nil {
        _ = try Polling.wait(for: [], until: .after(.milliseconds(5)))
      }
    }
    #expect(throws: TransportFailure.timedOut) {
      try server.receivePeerFrame(deadline: .after(.milliseconds(200)))
    }
    close(server)
    try dripping.join()
  }
}
