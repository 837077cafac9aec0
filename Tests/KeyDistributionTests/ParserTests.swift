import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("HOSTILE A 2, A 3: every parser takes the one form and nothing else")
struct ParserTests {
  /// A form that can be written, and how it is read.
  struct Form: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// Reads the fields and writes them again.
    let rewrite: @Sendable (inout ByteReader) throws -> [UInt8]

    init(
      _ name: String, write: (inout ByteWriter) -> Void,
      rewrite: @escaping @Sendable (inout ByteReader) throws -> [UInt8]
    ) {
      testDescription = name
      var writer = ByteWriter()
      write(&writer)
      bytes = writer.publicBytes()
      self.rewrite = rewrite
    }

    /// What reading the whole of `bytes` ends with: the same bytes again, or an error.
    func read(_ bytes: [UInt8]) throws -> [UInt8] {
      var reader = ByteReader(bytes.bytes)
      let again = try rewrite(&reader)
      try reader.finish()
      return again
    }
  }

  @Test("What is written is read, and written again is the same", arguments: Form.all())
  func roundTrip(form: Form) throws {
    #expect(try form.read(form.bytes) == form.bytes)
  }

  @Test("Every proper prefix is truncated", arguments: Form.all())
  func prefixes(form: Form) {
    let taken = Mutations.prefixes(of: form.bytes).filter { prefix in
      failure(WireError.self) { _ = try form.read(prefix) } != .truncated
    }
    #expect(taken.isEmpty)
  }

  @Test("Trailing bytes are refused", arguments: Form.all())
  func trailing(form: Form) {
    #expect(failure(WireError.self) { _ = try form.read(form.bytes + [0]) } == .trailingBytes)
  }

  @Test("HOSTILE 11: one encoding for everything: a flipped bit is another value or none")
  func oneEncoding() throws {
    for form in Form.all() {
      for bogus in Mutations.flips(of: form.bytes) {
        // Whatever is taken is written again with just these bytes.
        guard let again = try? form.read(bogus) else { continue }
        #expect(again == bogus, "\(form.testDescription)")
      }
    }
  }

  @Test("Random bytes are a value or an error, never a crash")
  func random() {
    var random = SeededRandom("parsers")
    for form in Form.all() {
      for _ in 0..<300 {
        let bytes = random.bytes(form.bytes.count)
        guard let again = try? form.read(bytes) else { continue }
        #expect(again == bytes, "\(form.testDescription)")
      }
    }
  }

  @Test(
    "Argon2 costs outside of the protocol's limits do not parse",
    arguments: [
      (UInt32(0), UInt32(64), UInt32(1)), (17, 64, 1), (1, 64, 0), (1, 1 << 20, 17), (1, 7, 1),
      (1, 127, 16), (1, 1 << 20 | 1, 1), (.max, .max, .max),
    ])
  func argon2Limits(iterations: UInt32, memory: UInt32, lanes: UInt32) {
    var writer = ByteWriter()
    writer.uint32(iterations)
    writer.uint32(memory)
    writer.uint32(lanes)
    let bytes = writer.publicBytes()
    let failure = failure(WireError.self) {
      var reader = ByteReader(bytes.bytes)
      _ = try reader.parameters()
    }
    #expect(failure == .invalid("Argon2 parameters"))
  }

  @Test("CVE-2023-36054: a count of addresses that disagrees with the data")
  func addressCount() throws {
    let one = try address([10, 0, 0, 1], port: 1)
    for (count, limit) in [(2, 6), (0, 6), (7, 6), (255, 255)] {
      var writer = ByteWriter()
      writer.uint8(UInt8(count))
      writer.address(one)
      let bytes = writer.publicBytes()
      let failure = failure(WireError.self) {
        var reader = ByteReader(bytes.bytes)
        _ = try reader.addresses(limit: limit)
        try reader.finish()
      }
      #expect(failure != nil)
    }
  }

  // MARK: Behind a seal

  @Test("A ticket whose plaintext is longer or shorter does not open")
  func ticketForms() throws {
    let pair = try PeerPair()
    let plan = try TicketPlan(pair, ephemeral: pair.random.agreementKey().publicKey)
    let sealed = plan.sealed(for: pair.bob, &pair.random)
    #expect(sealed.count == Ticket.byteCount)
    let context = [UInt8](ByteWriter(.ticket, in: pair.kdc.realm).written)
    let plaintext = try pair.bob.ticketKey.openWithNonce(
      sealed.bytes, authenticating: context.bytes)
    let straight = [UInt8](plaintext.bytes)
    func opens(_ body: [UInt8]) -> Bool {
      let sealed = pair.bob.ticketKey.sealWithNonce(
        body.bytes, authenticating: context.bytes, random: &pair.random)
      let ticket = Ticket(
        opening: sealed.bytes, under: pair.bob.ticketKey, realm: pair.kdc.realm)
      return ticket != nil
    }
    #expect(opens(straight))
    #expect(!opens(straight + [0]))
    #expect(!opens([0] + straight.dropFirst()))
    #expect(!opens([4] + straight.dropFirst()))
    let opened = Mutations.prefixes(of: straight).filter(opens)
    #expect(opened.isEmpty)
  }

  @Test("T2: every prefix of a sealed ticket-granting ticket, and of another realm's")
  func ticketGrantingTicketForms() throws {
    let kdc = try TestKDC()
    let other = try TestKDC(seed: "another")
    let key = kdc.center.currentTicketGrantingKey(at: kdc.now)
    let ticket = TicketGrantingTicket(
      name: try principal("alice"), keyVersion: 1, requestKey: kdc.random.secret(32),
      ticketKey: kdc.random.secret(32), loginKey: kdc.random.agreementKey().publicKey,
      loginTime: kdc.now, loginEnd: kdc.now + .hours(1))
    let sealed = ticket.sealed(under: key, random: &kdc.random)
    #expect(sealed.count == TicketGrantingTicket.byteCount)
    let elsewhere = TicketGrantingKey(
      period: key.period, key: SealingKey(key.key.secretBytes()), realm: other.realm)
    func opens(_ sealed: [UInt8], under key: TicketGrantingKey) -> Bool {
      let opened = TicketGrantingTicket(opening: sealed.bytes, under: key)
      return opened != nil
    }
    #expect(opens(sealed, under: key))
    #expect(!opens(sealed, under: elsewhere))
    let bogus = Mutations.all(of: sealed).filter { opens($0, under: key) }
    #expect(bogus.isEmpty)
  }

  @Test("L2: a sealed login with bytes after its fields is malformed, though its proof is right")
  func sealedTrailing() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let version = try kdc.salt(of: user.name).keyVersion
    let signed = SignedLoginKey(
      key: kdc.random.agreementKey().publicKey, issued: kdc.now, expires: kdc.now + .hours(1),
      keyVersion: version, owner: user.name, realm: kdc.realm, identity: user.identity)
    let digest = user.digest
    let shared = try SharedKey(
      digest: digest.bytes, name: user.name, keyVersion: version, realm: kdc.realm)
    for (extra, isTaken) in [(0, true), (1, false), (100, false)] {
      var body = ByteWriter()
      LoginRequest(
        name: user.name, identity: user.identity.publicKey, loginKey: signed,
        lifetimeSeconds: 3600
      ).write(to: &body)
      body.zeros(extra)
      let sealed = try kdc.epoch().seal(body) { content in shared.proof(of: content.bytes) }
      let answer = try kdc.reply(to: sealed.message)
      #expect((answer != [1, 8, 1]) == isTaken)
    }
  }

  @Test("CVE-2015-2694: a sealed request that ends before its proof is malformed")
  func proofMissing() throws {
    let kdc = try TestKDC()
    for kind in UInt8(0)...4 {
      for count in [0, 1, 30, 31, 32, 33, 64, 65, 66] {
        var body = ByteWriter()
        body.uint8(kind)
        body.zeros(count)
        #expect(try kdc.reply(to: kdc.sealAnything(body)) == [1, 8, 1])
      }
    }
    let empty = ByteWriter()
    #expect(try kdc.reply(to: kdc.sealAnything(empty)) == [1, 8, 1])
  }
}
