import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

@Suite struct PresenceLineTests {
  private func read(_ line: String) throws(LineFault) -> PresenceLine {
    try PresenceLine([UInt8](line.utf8).bytes)
  }

  @Test func changesComeBack() throws {
    let announced = PresenceLine.announced(try presence("bob"))
    let withdrawn = PresenceLine.withdrawn(
      try name("bob"), loginTime: Timestamp(milliseconds: .max))
    #expect(try read(announced.text) == announced)
    #expect(try read(withdrawn.text) == withdrawn)
    #expect(announced.text.contains(" addresses=192.0.2.7:60000,[2001:db8::1]:60000 key="))
  }

  @Test func longestRecordFits() throws {
    var record = try presence(String(repeating: "x", count: 64), login: .max, end: .max)
    record.addresses = Array(
      repeating: try address([UInt8](repeating: 0xfe, count: 16), port: .max),
      count: PresenceRecord.addressLimit)
    let line = PresenceLine.announced(record)
    #expect(line.text.utf8.count <= ChecksummedLine.byteLimit)
    #expect(try read(line.text) == line)
  }

  @Test(arguments: [
    ("192.0.2.7:60000,", "", nil), ("192.0.2.7:60000,", ",", "addresses"),
    ("192.0.2.7:60000,", "192.0.2.7:060000,", "addresses"),
    ("192.0.2.7:60000,", "[192.0.2.7]:60000,", "addresses"),
    ("[2001:db8::1]:60000", "2001:db8::1:60000", "addresses"),
    ("192.0.2.7:60000,", String(repeating: "192.0.2.7:60000,", count: 6), "addresses"),
    ("name=bob", "name=", "name"), ("login=1000", "login=1e3", "login"),
    ("sealed:", "plain:", "ticketkey"), ("signature=", "signature=AAAA", "signature"),
  ])
  func wrongFieldIsNamed(part: String, other: String, field: String?) throws {
    let fields = String(PresenceLine.announced(try presence("bob")).text.dropLast(21))
    let pieces = fields.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(pieces.count == 2)
    let line = ChecksummedLine.text(pieces.joined(separator: other))
    guard let field else {
      #expect(throws: Never.self) { _ = try read(line) }
      return
    }
    let fault = #expect(throws: LineFault.self) { _ = try read(line) }
    #expect(fault?.description.contains("\"\(field)\"") == true)
  }

  @Test func everyPrefixAndEveryFlippedBitIsRefused() throws {
    let line = [UInt8](PresenceLine.announced(try presence("bob")).text.utf8)
    for count in 0..<line.count {
      #expect(throws: LineFault.self) { _ = try PresenceLine([UInt8](line.prefix(count)).bytes) }
    }
    for position in line.indices {
      var damaged = line
      damaged[position] ^= 1
      #expect(throws: LineFault.self) { _ = try PresenceLine(damaged.bytes) }
    }
  }
}
