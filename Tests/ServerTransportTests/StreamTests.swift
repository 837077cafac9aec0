import Dispatch
import Glibc
import ServerTransport
import Synchronization
import Testing
import Transport
import Wire

extension AllServerTests {
  @Suite("Requests by TCP")
  struct StreamTests {
    @Test("A request comes back, with its source told as the client knows it")
    func echoes() async throws {
      let sources = Mutex<[NetworkAddress]>([])
      let handler: RequestHandler = { message, source, kind, _ in
        sources.withLock { $0.append(source) }
        return .now(kind == .stream ? Response(message: copy(message)) : nil)
      }
      try await withServer(handler: handler) { server in
        for address in try server.loopbacks {
          let client = try server.connect(address)
          let local = client.localAddress
          for count in [1, 255, 256, 4096] {
            let message = [UInt8](repeating: UInt8(count & 0xff), count: count)
            #expect(try client.exchange(message) == message)
          }
          let seen = sources.withLock { $0 }
          #expect(seen.last == local)
        }
      }
    }

    @Test("Segments may be split and coalesced anywhere")
    func segments() async throws {
      try await withServer { server in
        let client = try server.connect()
        let messages = (1...5).map { [UInt8](repeating: UInt8($0), count: $0 * 3) }
        let stream = messages.flatMap(framed)
        for byte in stream { try client.write([byte]) }
        try client.write(stream)
        for message in messages + messages {
          #expect(try client.receiveKDCMessage(deadline: generous) == message)
        }
      }
    }

    @Test("An answer does not wait for more than one slow request of others")
    func answersLeaveBetweenSlowRequests() async throws {
      let gate = DispatchSemaphore(value: 0)
      let firstAnswer = DispatchSemaphore(value: 0)
      let order = Mutex(0)
      let handler: RequestHandler = { message, _, _, _ in
        let message = copy(message)
        if message == [0] {
          // Holds the loop up until the other requests are there, so that it sees them together.
          gate.wait()
        } else {
          switch order.withLock({
            $0 += 1
            return $0
          }) {
          case 1: break
          case 2:
            let start = ContinuousClock.now
            while start.duration(to: .now) < .milliseconds(2) {}
          default:
            #expect(firstAnswer.wait(timeout: .now() + .seconds(20)) == .success)
            firstAnswer.signal()
          }
        }
        return .now(Response(message: message))
      }
      try await withServer(threads: 1, handler: handler) { server in
        let holding = try server.connect()
        try holding.write(framed([0]))
        let sent = DispatchSemaphore(value: 0)
        let clients = DispatchGroup()
        for _ in 1...3 {
          DispatchQueue.global().async(group: clients) {
            let message: [UInt8]?
            do {
              let client = try server.connect()
              try client.write(framed([1]))
              sent.signal()
              message = try client.receiveKDCMessage(deadline: generous)
            } catch {
              message = nil
            }
            #expect(message == [1])
            firstAnswer.signal()
          }
        }
        for _ in 1...3 { #expect(sent.wait(timeout: .now() + .seconds(20)) == .success) }
        gate.signal()
        #expect(clients.wait(timeout: .now() + .seconds(60)) == .success)
        #expect(try holding.receiveKDCMessage(deadline: generous) == [0])
      }
    }

    @Test("A frame of length zero or over the limit closes its connection and no other")
    func badLengths() async throws {
      try await withServer { server in
        let other = try server.connect()
        for header in [[0, 0], [0x10, 0x01], [0xff, 0xff]] as [[UInt8]] {
          let client = try server.connect()
          try client.write(header)
          client.expectClosed()
        }
        #expect(try other.exchange([7]) == [7])
      }
    }

    @Test("Every prefix of a good stream, then the end, does no harm")
    func truncations() async throws {
      try await withServer { server in
        let stream = framed([1, 2, 3]) + framed([4, 5])
        for count in 0..<stream.count {
          let client = try server.connect()
          try client.write([UInt8](stream[..<count]))
          try client.shutdownWriting()
          if count >= 5 {
            #expect(try client.receiveKDCMessage(deadline: generous) == [1, 2, 3])
          }
          client.expectClosed()
        }
        try server.expectService()
      }
    }

    @Test("Answers keep the order of the requests, whichever is ready first")
    func order() async throws {
      let held = HeldRequests()
      try await withServer(handler: held.handler) { server in
        let client = try server.connect()
        try client.write((1...9).flatMap { framed([$0]) })
        try await until { held.count == 9 }
        for request in held.takeAll().reversed() {
          // A second answer to the same request changes nothing.
          request.respond(Response(message: request.message))
          request.respond(Response(message: [0]))
        }
        for number in 1...9 as ClosedRange<UInt8> {
          #expect(try client.receiveKDCMessage(deadline: generous) == [number])
        }
      }
    }

    @Test("An answer that may not leave yet holds back those behind it")
    func notBefore() async throws {
      let delay = Interval.milliseconds(100)
      let handler: RequestHandler = { message, _, _, _ in
        let message = copy(message)
        return .now(Response(message: message, notBefore: message == [1] ? delay : nil))
      }
      try await withServer(handler: handler) { server in
        let client = try server.connect()
        let earliest = Deadline.after(delay)
        try client.write(framed([1]) + framed([2]))
        #expect(try client.receiveKDCMessage(deadline: generous) == [1])
        #expect(earliest.hasPassed)
        #expect(try client.receiveKDCMessage(deadline: generous) == [2])
      }
    }

    @Test("An answer that comes late is not held up by one before it that may not leave yet")
    func lateBehindDelayed() async throws {
      let held = HeldRequests()
      try await withServer(threads: 1, handler: held.handler) { server in
        let start = ContinuousClock.now
        for round in 0..<50 {
          let delayed = try server.connect()
          let prompt = try server.connect()
          try delayed.write(framed([1]))
          try prompt.write(framed([2]))
          try await until { held.count == 2 }
          let requests = held.takeAll().sorted { $0.message[0] < $1.message[0] }
          requests[0].respond(Response(message: [1], notBefore: .seconds(60)))
          // Later and later: while the loop takes that one, and when it sleeps again.
          let answered = ContinuousClock.now
          while answered.duration(to: .now) < .microseconds(20 * round) {}
          requests[1].respond(Response(message: [2]))
          #expect(try prompt.receiveKDCMessage(deadline: generous) == [2])
        }
        // Found by accident alone, when the loop wakes up for deadlines, it takes a second each.
        #expect(start.duration(to: .now) < .seconds(10))
      }
    }

    @Test("At the limit of unanswered requests no more are taken until there is room")
    func backpressure() async throws {
      let held = HeldRequests()
      let few = limits { $0.requestsInFlight = 2 }
      try await withServer(few, handler: held.handler) { server in
        let client = try server.connect()
        try client.write((1...10).flatMap { framed([$0]) })
        for round in 0..<5 as Range<UInt8> {
          try await until { held.count >= 2 }
          let requests = held.takeAll()
          #expect(requests.map(\.message) == [[round * 2 + 1], [round * 2 + 2]])
          for request in requests { request.respond(Response(message: request.message)) }
        }
        for number in 1...10 as ClosedRange<UInt8> {
          #expect(try client.receiveKDCMessage(deadline: generous) == [number])
        }
      }
    }

    @Test("A client that sends without reading is not read without end")
    func unreadAnswers() async throws {
      let taken = Mutex(0)
      let handler: RequestHandler = { message, _, _, _ in
        taken.withLock { $0 += 1 }
        return .now(Response(message: copy(message)))
      }
      try await withServer(handler: handler) { server in
        let client = try server.connect()
        try client.setSocketBuffers(8192)
        // Frames of 257 bytes, whose length is 0x0101.
        let flood = [UInt8](repeating: 1, count: 64 << 20)
        #expect(throws: TransportFailure.timedOut) {
          try client.writeAll(unsafe flood.span.bytes, stallLimit: .milliseconds(200))
        }
        #expect(taken.withLock { $0 } < flood.count / 259 / 4)
        try server.expectService()
      }
    }

    @Test("What a slow reader has no room for reaches it later, whole and in order")
    func slowReader() async throws {
      let taken = Mutex(0)
      let handler: RequestHandler = { _, _, _, _ in
        let number = taken.withLock { taken in
          defer { taken += 1 }
          return UInt8(truncatingIfNeeded: taken)
        }
        return .now(Response(message: [UInt8](repeating: number, count: 4096)))
      }
      try await withServer(handler: handler) { server in
        let client = try server.connect()
        // 32 MB of answers, of which the system keeps a part at most.
        let count = 8000
        try client.write([UInt8]([[UInt8]](repeating: framed([1]), count: count).joined()))
        for number in 0..<count {
          let answer = try client.receiveKDCMessage(deadline: generous)
          #expect(answer == [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 4096))
        }
      }
    }

    @Test("A connection that breaks is let go, with an answer to it outstanding")
    func broken() async throws {
      let held = HeldRequests()
      try await withServer(handler: held.handler) { server in
        do {
          let client = try server.connect()
          try client.write(framed([1]))
          try await until { held.count == 1 }
          // Closed with a reset instead of an end (socket(7), SO_LINGER).
          var linger = linger(l_onoff: 1, l_linger: 0)
          let size = socklen_t(MemoryLayout.size(ofValue: linger))
          let isSet = unsafe setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &linger, size)
          try #require(isSet == 0)
        }
        try await until { server.counters.connectionsOpen == 0 }
        for request in held.takeAll() { request.respond(Response(message: [2])) }
        try server.connect().write(framed([3]))
        try await until { held.count == 1 }
      }
    }

    @Test("No answer closes the connection, after the answers before it")
    func noAnswer() async throws {
      let handler: RequestHandler = { message, _, _, _ in
        let message = copy(message)
        return .now(message == [9] ? nil : Response(message: message))
      }
      try await withServer(handler: handler) { server in
        let client = try server.connect()
        try client.write(framed([1]) + framed([9]) + framed([2]))
        #expect(try client.receiveKDCMessage(deadline: generous) == [1])
        client.expectClosed()
      }
    }

    @Test("A client that has shut down its side still gets its answer")
    func halfClosed() async throws {
      let held = HeldRequests()
      try await withServer(handler: held.handler) { server in
        let client = try server.connect()
        try client.write(framed([1]))
        try client.shutdownWriting()
        try await until { held.count == 1 }
        for request in held.takeAll() { request.respond(Response(message: [2])) }
        #expect(try client.receiveKDCMessage(deadline: generous) == [2])
        client.expectClosed()
      }
    }
  }
}
