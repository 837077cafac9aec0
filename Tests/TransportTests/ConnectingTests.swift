import Glibc
import Testing
import Transport
import Wire

@Suite("Finding and reaching the other end")
struct ConnectingTests {
  @Test("Addresses resolve to themselves, in brackets too")
  func numericHosts() throws {
    #expect(
      try Resolver.resolve(host: "192.0.2.7", port: 88).map(\.description) == ["192.0.2.7:88"])
    for host in ["2001:db8::1", "[2001:db8::1]"] {
      #expect(try Resolver.resolve(host: host, port: 88).map(\.description) == ["[2001:db8::1]:88"])
    }
    #expect(try Resolver.resolve(host: "::ffff:192.0.2.7", port: 1).map(\.host) == ["192.0.2.7"])
  }

  @Test("localhost is this machine, each address once")
  func localhost() throws {
    let addresses = try Resolver.resolve(host: "localhost", port: 7)
    #expect(!addresses.isEmpty && Set(addresses).count == addresses.count)
    #expect(addresses.allSatisfy { ["127.0.0.1", "::1"].contains($0.host) && $0.port == 7 })
  }

  @Test(
    "What is no host name is refused, with its name in the message",
    arguments: ["", "[]", "127.0.0.1\0.example", "no such host", "name.invalid"])
  func unresolvable(_ host: String) {
    let failure = #expect(throws: TransportFailure.self) {
      try Resolver.resolve(host: host, port: 1)
    }
    guard case .unresolvableHost(host, _) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  @Test("Addresses of the interfaces exclude what means nothing elsewhere")
  func interfaces() throws {
    for address in try InterfaceAddresses.current(port: 60000) {
      #expect(address.port == 60000)
      let host = address.host
      #expect(!host.hasPrefix("127.") && !host.hasPrefix("169.254.") && !host.hasPrefix("fe80:"))
      #expect(host != "::1" && host != "::" && host != "0.0.0.0")
    }
  }

  @Test("One living address among dead ones is found", arguments: 0..<4)
  func deadAddresses(_ position: Int) throws {
    let listener = try Listener(port: 0)
    let dead = try closedPort()
    var addresses = try (2...4).map { try loopback(dead, lastByte: $0) }
    addresses.insert(try loopback(listener.port), at: position)
    let connection = try StreamConnection.connect(toAny: addresses, deadline: generous)
    #expect(connection.peerAddress == addresses[position])
    #expect(connection.localAddress?.host == "127.0.0.1")
  }

  @Test("Attempts that fail are closed")
  func failuresAreClosed() throws {
    let listener = try Listener(port: 0)
    let dead = try closedPort()
    let addresses = try [loopback(dead), loopback(listener.port), loopback(listener.port)]
    let before = openDescriptors()
    for _ in 0..<300 {
      _ = try StreamConnection.connect(toAny: addresses, deadline: generous)
      _ = try accepted(by: listener)
    }
    // Other tests open sockets at the same time, but not a hundred.
    #expect(openDescriptors() < before + 100)
  }

  @Test("An address that swallows the attempt costs 200 ms, not the whole wait")
  func silentAddress() throws {
    // A full backlog of a listener that never accepts swallows every further SYN.
    let silent = try #require(FullListener())
    let listener = try Listener(port: 0)
    let connection = try StreamConnection.connect(
      toAny: [loopback(silent.port), loopback(listener.port)], deadline: .after(.seconds(20)))
    #expect(connection.peerAddress?.port == listener.port)
    #expect(throws: TransportFailure.timedOut) {
      try connect([loopback(silent.port)], .after(.milliseconds(50)))
    }
  }

  private func connect(
    _ addresses: [NetworkAddress], _ deadline: Deadline
  ) throws(TransportFailure) {
    _ = try StreamConnection.connect(toAny: addresses, deadline: deadline)
  }

  @Test("When all are dead the first one is blamed, by its address")
  func allDead() throws {
    let dead = try closedPort()
    let addresses = try [2, 3].map { try loopback(dead, lastByte: $0) }
    let failure = #expect(throws: TransportFailure.self) { try connect(addresses, generous) }
    #expect(failure == .unreachable(addresses[0], reason: "Connection refused"))
    #expect(failure?.description == "127.0.0.2:\(dead) cannot be reached: Connection refused.")
    #expect(throws: TransportFailure.noAddress) { try connect([], generous) }
  }

  @Test("A listener takes IPv4, and IPv6 where the machine has it")
  func dualStack() throws {
    let listener = try Listener(port: 0)
    let ipv6 = try #require(
      NetworkAddress(ip: [UInt8](repeating: 0, count: 15) + [1], port: listener.port))
    for address in [try loopback(listener.port)] + (hasIPv6 ? [ipv6] : []) {
      let client = try StreamConnection.connect(toAny: [address], deadline: generous)
      let server = try accepted(by: listener)
      #expect(server.peerAddress == client.localAddress)
      #expect(server.localAddress == address)
    }
    #expect(try listener.accept() == nil)
  }

  @Test("A port in use is refused")
  func portInUse() throws {
    let listener = try Listener(port: 0)
    let port = listener.port
    let failure = #expect(throws: TransportFailure.self) { _ = try Listener(port: port) }
    #expect(failure == .system(code: EADDRINUSE, operation: "listen on port \(port)"))
  }

  @Test("Signals and time-outs of several descriptors")
  func polling() throws {
    let quiet = try Listener(port: 0)
    let busy = try Listener(port: 0)
    let interests = [quiet.descriptor, busy.descriptor].map { Polling.Interest($0, .readable) }
    #expect(try Polling.wait(for: interests, until: .after(.milliseconds(10))).isEmpty)
    _ = try StreamConnection.connect(toAny: [loopback(busy.port)], deadline: generous)
    #expect(try Polling.wait(for: interests, until: generous) == [interests[1]])
  }

  @Test("A deadline counts down, saturates and ends")
  func deadline() {
    #expect(Deadline.after(.milliseconds(0)).hasPassed)
    #expect(Deadline.after(.milliseconds(0)).remaining == .milliseconds(0))
    let minute = Deadline.after(.minutes(1))
    #expect(!minute.hasPassed && minute.remaining <= .minutes(1))
    #expect(minute.remaining > .seconds(30) && minute < .never)
    #expect(Deadline.after(Interval(milliseconds: .max)) == .never)
  }
}
