import SecretMemory
import Testing
import Wire

@Suite("Network addresses")
struct NetworkAddressTests {
  private func ipv6(_ groups: [UInt16]) throws -> NetworkAddress {
    let bytes = groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    return try #require(NetworkAddress(ip: bytes, port: 443))
  }

  @Test(
    "RFC 5952: one text for every address",
    arguments: [
      ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
      ([0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"),
      ([0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"),
      ([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"),
      ([0, 0, 0, 0, 0, 0, 0, 0], "::"), ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
      ([1, 0, 0, 0, 0, 0, 0, 0], "1::"), ([0, 1, 0, 0, 0, 0, 0, 0], "0:1::"),
      ([0, 0, 1, 2, 3, 4, 5, 6], "::1:2:3:4:5:6"), ([1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"),
      ([0xfe80, 0, 0, 0, 0xabc, 0xdef0, 0xff, 0xa], "fe80::abc:def0:ff:a"),
      ([0, 0, 0, 0, 0, 0xfffe, 1, 2], "::fffe:1:2"),
    ] as [([UInt16], String)])
  func ipv6Text(groups: [UInt16], text: String) throws {
    let address = try ipv6(groups)
    #expect(address.host == text)
    #expect(address.description == "[\(text)]:443")
    #expect(!address.isIPv4)
  }

  @Test("IPv4 is dotted")
  func ipv4Text() throws {
    let address = try #require(NetworkAddress(ip: [192, 0, 2, 255], port: 60_000))
    #expect(address.description == "192.0.2.255:60000")
    #expect(address.isIPv4)
  }

  @Test("HOSTILE G 24: a mapped IPv4 address is its IPv4 self")
  func mapped() throws {
    let prefix = [UInt8](repeating: 0, count: 10)
    let plain = try #require(NetworkAddress(ip: [192, 0, 2, 1], port: 1))
    let mapped = try #require(NetworkAddress(ip: prefix + [0xff, 0xff, 192, 0, 2, 1], port: 1))
    #expect(mapped == plain)
    #expect(Set([mapped, plain]).count == 1)
    let other = try #require(NetworkAddress(ip: prefix + [0xff, 0xfe, 192, 0, 2, 1], port: 1))
    #expect(!other.isIPv4)
    let compatible = try #require(NetworkAddress(ip: prefix + [0, 0, 192, 0, 2, 1], port: 1))
    #expect(!compatible.isIPv4)
  }

  @Test("Only 4 or 16 bytes are an address", arguments: [0, 1, 3, 5, 8, 15, 17, 32])
  func lengths(count: Int) {
    #expect(NetworkAddress(ip: [UInt8](repeating: 1, count: count), port: 1) == nil)
  }

  @Test("In a message: one form, one length, all of it read back")
  func roundTrip() throws {
    var numbers = SeededNumbers(1)
    for round in 0..<200 {
      let ip = numbers.bytes(round.isMultiple(of: 2) ? 4 : 16)
      let address = try #require(NetworkAddress(ip: ip, port: UInt16(round * 300)))
      let bytes = written { $0.address(address) }
      #expect(bytes.count == NetworkAddress.byteCount)
      var reader = ByteReader(bytes.bytes)
      let again = try reader.address()
      try reader.finish()
      #expect(again == address)
    }
  }

  @Test("Other families, padding and mapped addresses in a message are refused")
  func refused() {
    func error(_ bytes: [UInt8]) -> WireError? {
      wireError(bytes) { (reader) throws(WireError) in _ = try reader.address() }
    }
    let zeros = [UInt8](repeating: 0, count: 10)
    for family in UInt8.min...UInt8.max where family != 4 && family != 6 {
      #expect(
        error([family] + [10, 0, 0, 1, 0, 0] + zeros + [0, 1]) == .invalid("address family"))
    }
    #expect(error([4, 10, 0, 0, 1, 0, 0] + zeros + [0, 1]) == nil)
    for index in 4..<16 {
      var padded = [UInt8(4), 10, 0, 0, 1, 0, 0] + zeros + [0, 1]
      padded[1 + index] = 1
      #expect(error(padded) == .invalid("address"))
    }
    #expect(error([6] + zeros + [0xff, 0xff, 10, 0, 0, 1, 0, 1]) == .invalid("address"))
    for count in 0..<NetworkAddress.byteCount {
      #expect(error([UInt8](repeating: 4, count: count)) == .truncated)
    }
  }
}
