import Glibc
import ServerTransport
import Testing
import Transport
import Wire

/// One after the other: they count the descriptors of the process.
@Suite("The KDC's sockets", .serialized)
enum AllServerTests {}

extension AllServerTests {
  @Suite("Start and end of a server")
  struct ServerLifeTests {
    @Test("One port serves both transports on every address")
    func ports() async throws {
      try await withServer { server in
        #expect(server.port != 0)
        #expect(server.addresses.map(\.port) == [server.port])
        #expect(server.addresses.map(\.host) == [hasIPv6 ? "::" : "0.0.0.0"])
        try server.expectService()
      }
    }

    @Test("A server bound to one address serves there only")
    func oneAddress() async throws {
      try await withServer(bind: "127.0.0.1") { server in
        #expect(server.addresses.map(\.host) == ["127.0.0.1"])
        try server.expectService()
        for other in try server.loopbacks.dropFirst() {
          #expect(throws: TransportFailure.self) { _ = try server.connect(other) }
        }
      }
    }

    @Test("A port in use is refused, be it by TCP or by UDP")
    func portInUse() async throws {
      try await withServer { server in
        let failure = await #expect(throws: ServerFailure.self) {
          _ = try await RequestServer.start(port: server.port, handler: echo)
        }
        #expect(failure?.description == "Port \(server.port) is in use by another program.")
      }
      // A UDP socket alone in the way.
      let socket = try DatagramSocket.connect(
        to: try #require(NetworkAddress(ip: [127, 0, 0, 1], port: 9)))
      let taken = socket.localAddress
      let port = try #require(taken).port
      let before = openDescriptors()
      await #expect(throws: ServerFailure.self) {
        _ = try await RequestServer.start(port: port, handler: echo)
      }
      try await until { openDescriptors() <= before }
    }

    @Test(
      "An address of another machine, or of none, is refused", arguments: ["203.0.113.1", "no/"])
    func foreignAddress(_ address: String) async {
      await #expect(throws: ServerFailure.self) {
        _ = try await RequestServer.start(bind: address, port: 0, handler: echo)
      }
    }

    @Test("A shutdown ends connections, sockets and threads; late answers go nowhere")
    func shutdown() async throws {
      let held = HeldRequests()
      let before = openDescriptors()
      let server = try await RequestServer.start(port: 0, threads: 2, handler: held.handler)
      let client = try server.connect()
      try client.write(framed([1]))
      let socket = try DatagramSocket.connect(to: server.ipv4)
      try socket.send(unsafe ([1] as [UInt8]).span.bytes)
      try await until { held.count == 2 }
      try await server.shutdown()
      client.expectClosed()
      #expect(throws: TransportFailure.self) { _ = try server.connect() }
      for request in held.takeAll() {
        request.respond(Response(message: [2], notBefore: .milliseconds(1)))
      }
      try await server.shutdown()
      #expect(server.counters.connectionsOpen == 0)
      // The two clients of this test are still open.
      try await until { openDescriptors() <= before + 2 }
    }
  }
}
