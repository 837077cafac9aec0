import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

@Suite struct UserLineTests {
  private func read(_ line: String) throws(LineFault) -> UserRecord {
    try read([UInt8](line.utf8))
  }

  private func read(_ line: [UInt8]) throws(LineFault) -> UserRecord {
    guard let record = try UserLine(line.bytes).record else { throw .invalid("name") }
    return record
  }

  /// The line of `alice` with a part replaced and the checksum made right again.
  private func altered(_ part: String, _ other: String) throws -> String {
    let line = UserLine.text(try user("alice", keyVersion: 17, hasIdentity: true))
    let fields = String(line.dropLast(21))
    let pieces = fields.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
    guard pieces.count == 2 else { throw TestProblem("nothing to replace") }
    return ChecksummedLine.text(pieces.joined(separator: other))
  }

  @Test(arguments: UserRecord.State.allCases, [true, false])
  func recordComesBack(state: UserRecord.State, hasIdentity: Bool) throws {
    var record = try user("a.b_c-9", keyVersion: .max, hasIdentity: hasIdentity, state: state)
    #expect(try read(UserLine.text(record)) == record)
    record.address = try address([0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 12), port: 0)
    #expect(try read(UserLine.text(record)) == record)
    #expect(UserLine.text(record).contains("ip=2001:db8:: port=0 "))
  }

  @Test func lineLooksAsDocumented() throws {
    let line = UserLine.text(try user("alice", keyVersion: 17))
    #expect(
      line.hasPrefix(
        """
        name=alice ip=192.0.2.7 port=60000 kvno=17 argon2id=t3,m65536,p4 \
        salt=AQEBAQEBAQEBAQEBAQEBAQ== digest=sealed:AAEC
        """))
    #expect(line.contains(" identity=- certificate=- state=active sum="))
  }

  @Test func longestRecordFits() throws {
    var record = try user(
      String(repeating: "x", count: 64), keyVersion: .max, hasIdentity: true, state: .disabled)
    record.address = try address([UInt8](repeating: 0xfe, count: 16), port: .max)
    record.parameters = Argon2Parameters(
      iterations: .max, memoryKiB: .max, parallelism: .max)
    let line = UserLine.text(record)
    #expect(line.utf8.count <= ChecksummedLine.byteLimit)
    #expect(try read(line) == record)
  }

  /// HOSTILE D 17 and the rule of one spelling: the checksum is right in each of these.
  @Test(arguments: [
    ("name=alice", "name=al:ice", "name"), ("name=alice", "name=Alice", "name"),
    ("name=alice", "name=", "name"), ("name=alice ", "", "name"),
    ("name=alice", "name=" + String(repeating: "a", count: 65), "name"),
    ("name=alice", " name=alice", "name"), ("ip=192.0.2.7", "ip=192.0.2.07", "ip"),
    ("ip=192.0.2.7", "ip=192.0.2", "ip"), ("ip=192.0.2.7", "ip=::ffff:192.0.2.7", "ip"),
    ("ip=192.0.2.7", "ip=2001:DB8::1", "ip"), ("ip=192.0.2.7", "ip=example.org", "ip"),
    ("ip=192.0.2.7", "ip=0:0::1", "ip"), ("port=60000", "port=65536", "port"),
    ("port=60000", "port=060000", "port"), ("port=60000", "port=+1", "port"),
    ("port=60000", "port=-1", "port"), ("port=60000 ", "", "port"), ("kvno=17", "kvno=", "kvno"),
    ("kvno=17", "kvno=4294967296", "kvno"), ("port=60000 ", "port=60000  ", "kvno"),
    ("t3,m65536,p4", "t3,m65536", "argon2id"), ("t3,m65536,p4", "m65536,t3,p4", "argon2id"),
    ("t3,m65536,p4", "t0,m65536,p4", "argon2id"), ("t3,m65536,p4", "t3,m65536,p4,", "argon2id"),
    ("salt=AQEB", "salt=", "salt"), ("salt=AQ", "salt=!Q", "salt"),
    ("digest=sealed:AAEC", "digest=sealed:", "digest"), ("sealed:", "locked:", "digest"),
    ("digest=sealed:", "digest=plain:", "digest"), ("identity=Aw", "identity=Bw=", "identity"),
    ("certificate=BAQE", "certificate=", "certificate"), ("state=active", "state=Active", "state"),
    ("state=active", "state=", "state"), (" state=active", "", "state"),
  ])
  func wrongFieldIsNamed(part: String, other: String, field: String) throws {
    let line = try altered(part, other)
    let fault = #expect(throws: LineFault.self) { _ = try read(line) }
    guard case .invalidField(let name) = fault else {
      Issue.record("\(String(describing: fault)) for \(line)")
      return
    }
    #expect(name.description == field)
  }

  @Test func identityAndCertificateComeTogether() throws {
    let line = UserLine.text(try user("alice", hasIdentity: true))
    let key = line.split(separator: " ").first { $0.hasPrefix("identity=") }
    let lonely = try altered(String(try #require(key)), "identity=-")
    #expect(throws: LineFault.invalid("certificate")) { _ = try read(lonely) }
  }

  @Test(arguments: ["\u{0}", "\t", "\r", "\u{7f}", "é", "\u{1b}[2J", "\u{202e}"])
  func unprintableTextIsRefused(text: String) throws {
    let line = try altered("name=alice", "name=al\(text)ice")
    #expect(throws: LineFault.unprintable) { _ = try read(line) }
  }

  @Test func otherFaultsOfTheWholeLine() throws {
    let line = UserLine.text(try user("alice"))
    #expect(throws: LineFault.tooLong) {
      _ = try read(line + String(repeating: "x", count: ChecksummedLine.byteLimit))
    }
    #expect(throws: LineFault.trailingText) {
      _ = try read(try altered("state=active", "state=active more=1"))
    }
    #expect(throws: LineFault.checksum) { _ = try read(String(line.dropLast(21))) }
    #expect(throws: LineFault.self) { _ = try read(line + " ") }
    #expect(throws: LineFault.self) { _ = try read("") }
  }

  @Test func everyPrefixAndEveryFlippedBitIsRefused() throws {
    let line = [UInt8](UserLine.text(try user("alice", hasIdentity: true)).utf8)
    for count in 0..<line.count {
      #expect(throws: LineFault.self) { _ = try read([UInt8](line.prefix(count))) }
    }
    for position in line.indices {
      for bit in 0..<8 {
        var damaged = line
        damaged[position] ^= 1 << UInt8(bit)
        #expect(throws: LineFault.self) { _ = try read(damaged) }
      }
    }
  }

  @Test func plainDigestIsHandedOver() throws {
    let digest = Base64.encode([UInt8](100..<132))
    let line = """
      name=bob ip=192.0.2.9 port=60001 kvno=1 argon2id=t1,m8,p1 salt=AQEBAQEBAQEBAQEBAQEBAQ== \
      digest=plain:\(digest) state=active
      """
    for text in [line, ChecksummedLine.text(line)] {
      let bytes = [UInt8](text.utf8)
      let user = try UserLine(bytes.bytes)
      let found = user.record
      let record = try #require(found)
      #expect(record.name.description == "bob")
      #expect(record.parameters == .minimum)
      #expect(record.sealedDigest.isEmpty)
      switch user.plainDigest {
      case .some(let digest): #expect([UInt8](digest.bytes) == [UInt8](100..<132))
      case .none: Issue.record("no digest")
      }
    }
    #expect(throws: LineFault.checksum) {
      _ = try read(line + " sum=0123456789abcdef")
    }
  }
}
