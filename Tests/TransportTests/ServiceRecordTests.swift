import Glibc
import Testing
import Wire

@testable import Transport

@Suite("Services in DNS")
struct ServiceRecordTests {
  private func record(
    _ priority: UInt16, _ weight: UInt16, _ host: String, port: UInt16 = 7000
  ) -> ServiceRecord {
    ServiceRecord(priority: priority, weight: weight, port: port, host: host)
  }

  private func hosts(_ records: [ServiceRecord], picking numbers: [UInt32]) -> [String] {
    var numbers = numbers[...]
    return ServiceRecord.ordered(records) { min(numbers.popFirst() ?? 0, $0) }.map(\.host)
  }

  @Test("The lowest priority comes first, whatever the weights are")
  func priorities() {
    let records = [record(20, 65535, "c"), record(0, 0, "a"), record(10, 1, "b")]
    #expect(hosts(records, picking: []) == ["a", "b", "c"])
    #expect(hosts(records, picking: [.max, .max, .max]) == ["a", "b", "c"])
    #expect(ServiceRecord.ordered([], random: { $0 }).isEmpty)
  }

  @Test("Weights share a priority out: running sums, those without weight first (RFC 2782)")
  func weights() {
    let records = [record(1, 10, "ten"), record(1, 0, "none"), record(1, 30, "thirty")]
    // In the order none, ten, thirty the sums are 0, 10 and 40.
    #expect(hosts(records, picking: [0, 0, 0]) == ["none", "ten", "thirty"])
    #expect(hosts(records, picking: [1, 0]) == ["ten", "none", "thirty"])
    #expect(hosts(records, picking: [10, 1]) == ["ten", "thirty", "none"])
    #expect(hosts(records, picking: [11, 1]) == ["thirty", "ten", "none"])
    #expect(hosts(records, picking: [40, 10]) == ["thirty", "ten", "none"])
  }

  @Test("Picked at random, each comes first as often as its weight says")
  func shares() {
    let records = [record(1, 1, "one"), record(1, 3, "three")]
    var random = SystemRandomNumberGenerator()
    let first = (0..<4000).filter { _ in
      ServiceRecord.ordered(records) { UInt32.random(in: 0...$0, using: &random) }.first?.host
        == "three"
    }
    // Three of four, and a little less, since 0 goes to the first one, too: 3 of 5.
    #expect((2100...2900).contains(first.count))
  }

  // MARK: Answers

  /// An answer as a name server gave it: the header, the question for _trent._udp.example.org, and
  /// records with compressed owners.
  private static func answer(
    _ records: [(type: UInt16, data: [UInt8])], id: [UInt8] = [0x12, 0x34]
  )
    -> [UInt8]
  {
    var bytes = id + [0x81, 0x80, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
    bytes += question
    for record in records {
      bytes += [0xc0, 0x0c, UInt8(record.type >> 8), UInt8(record.type & 0xff), 0, 1]
      bytes += [0, 0, 0x0e, 0x10, UInt8(record.data.count >> 8), UInt8(record.data.count & 0xff)]
      bytes += record.data
    }
    return bytes
  }

  private static let question: [UInt8] =
    name(["_trent", "_udp", "example", "org"]) + [0, 33, 0, 1]

  private static func name(_ labels: [String]) -> [UInt8] {
    labels.flatMap { [UInt8($0.utf8.count)] + [UInt8]($0.utf8) } + [0]
  }

  private static let first: [UInt8] =
    [0, 10, 0, 60, 0x1b, 0x58] + name(["kdc1", "example", "org"])
  private static let second: [UInt8] =
    [0, 20, 0, 0, 0x1b, 0x59] + name(["kdc2", "example", "net"])

  private static let expected = [
    ServiceRecord(priority: 10, weight: 60, port: 7000, host: "kdc1.example.org"),
    ServiceRecord(priority: 20, weight: 0, port: 7001, host: "kdc2.example.net"),
  ]

  @Test("An answer is read, with an alias before the records")
  func reads() {
    let alias: [UInt8] = [0xc0, 0x0c]
    let bytes = Self.answer([(5, alias), (33, Self.first), (33, Self.second)])
    #expect(ServiceResolver.records(in: bytes) == Self.expected)
    #expect(ServiceResolver.records(in: Self.answer([])) == [])
    // A root in the place of a host: the service is decidedly not there.
    #expect(ServiceResolver.records(in: Self.answer([(33, [0, 0, 0, 0, 0, 0, 0])])) == [])
  }

  @Test("An answer that is cut, or bent at any byte, gives no record that is not in it, or none")
  func bent() {
    let bytes = Self.answer([(33, Self.first), (33, Self.second)])
    for count in 0..<bytes.count {
      #expect(ServiceResolver.records(in: [UInt8](bytes.prefix(count))) == nil)
    }
    for index in bytes.indices {
      for value: UInt8 in [0x00, 0x3f, 0x80, 0xc0, 0xff] {
        var bent = bytes
        bent[index] = value
        let records = ServiceResolver.records(in: bent) ?? []
        #expect(records.count <= 64)
        #expect(records.allSatisfy { $0.host.utf8.count < 1025 })
      }
    }
    // A name that points to itself.
    let loop: [UInt8] = [0, 1, 0, 1, 0, 1, 0xc0, 0x3b]
    #expect(ServiceResolver.records(in: Self.answer([(33, loop)])) == nil)
    #expect(ServiceResolver.records(in: Self.answer([(33, [0, 1, 0, 1, 0, 1])])) == nil)
  }

  // MARK: By libresolv

  /// A name server on this machine that answers as it is told to.
  private func asking(
    _ respond: @escaping @Sendable (_ query: [UInt8]) -> [UInt8]
  ) throws -> Result<[ServiceRecord], TransportFailure> {
    let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(server) }
    try unsafe loopback(0).withIPv4Socket { pointer, count in
      try #require(unsafe bind(server, pointer, count) == 0)
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(server, $0, &size)
      }
    }
    let thread = Thread {
      var source = sockaddr_in()
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      var query = [UInt8](repeating: 0, count: 512)
      unsafe withUnsafeMutablePointer(to: &source) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { from in
          while true {
            let count = unsafe recvfrom(server, &query, query.count, 0, from, &size)
            guard count > 0 else { return }
            let answer = respond([UInt8](query.prefix(count)))
            _ = unsafe sendto(server, answer, answer.count, 0, from, size)
          }
        }
      }
    }
    let port = UInt16(bigEndian: address.sin_port)
    let result: Result<[ServiceRecord], TransportFailure>
    do throws(TransportFailure) {
      let here = NetworkAddress(ip: [127, 0, 0, 1], port: port)
      result = .success(
        try ServiceResolver.records(of: "_trent._udp.example.org", server: here))
    } catch {
      result = .failure(error)
    }
    shutdown(server, Int32(SHUT_RDWR))
    try thread.join()
    return result
  }

  @Test("A name server is asked for SRV records of the name, and its answer read")
  func asked() throws {
    let result = try asking { query in
      guard query.dropFirst(12).starts(with: Self.question) else { return [] }
      return Self.answer([(33, Self.first), (33, Self.second)], id: [UInt8](query.prefix(2)))
    }
    #expect(try result.get() == Self.expected)
  }

  @Test("No such name is no record; a server that fails is a failure")
  func failures() throws {
    for (code, isEmpty) in [(3, true), (2, false)] as [(UInt8, Bool)] {
      let result = try asking { query in
        [UInt8](query.prefix(2)) + [0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0] + Self.question
      }
      #expect(((try? result.get()) == []) == isEmpty)
    }
    #expect(throws: TransportFailure.self) { _ = try ServiceResolver.records(of: "a\0b") }
  }
}
