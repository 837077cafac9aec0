import Testing
import Wire

@testable import Transport
@testable import TrentClient

/// Pending handshakes are bounded, in all and for each source (HOSTILE G.24).
@Suite struct HalfOpenConnectionsTests {
  private func connection(
    _ listener: borrowing Listener, from ip: [UInt8]
  ) throws -> HalfOpenConnection {
    let target = try #require(NetworkAddress(ip: [127, 0, 0, 1], port: listener.port))
    let stream = try StreamConnection.connect(toAny: [target], deadline: .after(.seconds(5)))
    return HalfOpenConnection(stream, from: try #require(NetworkAddress(ip: ip, port: 1)))
  }

  @Test func theOldestOfAFullSourceGoes() throws {
    let listener = try Listener(port: 0)
    var table = HalfOpenConnections(limit: 8, limitPerSource: 2)
    let first = try connection(listener, from: [10, 0, 0, 1])
    let other = try connection(listener, from: [10, 0, 0, 2])
    table.add(first)
    table.add(other)
    table.add(try connection(listener, from: [10, 0, 0, 1]))
    table.add(try connection(listener, from: [10, 0, 0, 1]))
    #expect(table.all.count == 3)
    #expect(table[descriptor: first.stream.descriptor] == nil)
    #expect(table[descriptor: other.stream.descriptor] === other)
  }

  /// An IPv4 address mapped into IPv6 is the same source; so is a whole IPv6 network.
  @Test func oneHostHasOneCount() throws {
    let listener = try Listener(port: 0)
    var table = HalfOpenConnections(limit: 8, limitPerSource: 1)
    let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 1]
    table.add(try connection(listener, from: [10, 0, 0, 1]))
    table.add(try connection(listener, from: mapped))
    #expect(table.all.count == 1)
    for last in [UInt8(1), 2, 3] {
      let host = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [last]
      table.add(try connection(listener, from: host))
    }
    #expect(table.all.count == 2)
  }

  @Test func theOldestOfAllGoesWhenThereIsNoRoom() throws {
    let listener = try Listener(port: 0)
    var table = HalfOpenConnections(limit: 3, limitPerSource: 2)
    let first = try connection(listener, from: [10, 0, 0, 0])
    table.add(first)
    for host in [UInt8(1), 2, 3] { table.add(try connection(listener, from: [10, 0, 0, host])) }
    #expect(table.all.count == 3)
    #expect(!table.all.contains { $0 === first })
    #expect(table.nextDeadline == table.all.first?.deadline)
  }
}
