import ServerTransport
import Testing
import Transport
import Wire

extension AllServerTests {
  @Suite("Limits of connections")
  struct ConnectionLimitTests {
    @Test("A frame that does not end is cut at its deadline", arguments: [1, 2, 4])
    func slowSender(_ count: Int) async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(50) }) { server in
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        try client.write([UInt8](framed([1, 2, 3])[..<count]))
        client.expectClosed()
      }
    }

    @Test("A sender of one byte at a time is cut all the same")
    func drippingSender() async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(100) }) { server in
        let client = try server.connect()
        try client.write([0x0f, 0xff])
        let deadline = generous
        // Each byte is activity, but the frame's deadline stands.
        while try !client.isReadable(within: .milliseconds(5)), !deadline.hasPassed {
          try client.write([0])
        }
        #expect(!deadline.hasPassed)
        client.expectClosed()
      }
    }

    @Test("The frame deadline does not touch a quiet connection between frames")
    func quietConnection() async throws {
      try await withServer(limits { $0.frameDeadline = .milliseconds(20) }) { server in
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        #expect(try !client.isReadable(within: .milliseconds(100)))
        #expect(try client.exchange([2]) == [2])
      }
    }

    @Test("An idle connection is closed, with or without a request before")
    func idle() async throws {
      try await withServer(limits { $0.idleDeadline = .milliseconds(50) }) { server in
        try server.connect().expectClosed()
        let client = try server.connect()
        #expect(try client.exchange([1]) == [1])
        client.expectClosed()
      }
    }

    @Test("A connection that waits for the server's own answer is not idle")
    func pendingAnswer() async throws {
      let held = HeldRequests()
      let brief = limits { $0.idleDeadline = .milliseconds(30) }
      try await withServer(brief, handler: held.handler) { server in
        let client = try server.connect()
        try client.write(framed([1]))
        try await until { held.count == 1 }
        #expect(try !client.isReadable(within: .milliseconds(150)))
        for request in held.takeAll() { request.respond(Response(message: [2])) }
        #expect(try client.receiveKDCMessage(deadline: generous) == [2])
      }
    }

    @Test("One source may open so many connections, and again when some have closed")
    func perSource() async throws {
      try await withServer(limits { $0.connectionsPerSource = 2 }) { server in
        let first = try server.connect()
        #expect(try first.exchange([1]) == [1])
        do {
          let second = try server.connect()
          #expect(try second.exchange([2]) == [2])
          try server.connect().expectClosed()
          // Another source has room of its own.
          for other in try server.loopbacks.dropFirst() {
            #expect(try server.connect(other).exchange([3]) == [3])
          }
        }
        try await until { server.counters.connectionsOpen == 1 }
        #expect(try server.connect().exchange([4]) == [4])
        #expect(try first.exchange([5]) == [5])
        #expect(server.counters.connectionsRefused == 1)
      }
    }

    @Test("The limit on all connections holds across sources")
    func total() async throws {
      try await withServer(limits { $0.connections = 1 }) { server in
        let first = try server.connect()
        #expect(try first.exchange([1]) == [1])
        for address in try server.loopbacks { try server.connect(address).expectClosed() }
        #expect(server.counters.connectionsOpen == 1)
      }
    }

    @Test("A thousand connections come and go without a descriptor left")
    func thousandConnections() async throws {
      try await withServer { server in
        #expect(try server.connect().exchange([1]) == [1])
        try await until { server.counters.connectionsOpen == 0 }
        let before = openDescriptors()
        for number in 0..<1000 {
          let client = try server.connect()
          // Some ask, some leave half a frame, some say nothing.
          switch number % 3 {
          case 0: #expect(try client.exchange([2]) == [2])
          case 1: try client.write([0])
          default: break
          }
        }
        try await until { server.counters.connectionsOpen == 0 && openDescriptors() <= before }
        #expect(server.counters.connectionsRefused == 0)
      }
    }
  }
}
