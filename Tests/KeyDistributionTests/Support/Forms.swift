import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

extension ParserTests.Form {
  /// One of every form that is parsed, with typical values.
  static func all() -> [Self] {
    guard let samples = try? Samples() else { return [] }
    return requests(samples) + replies(samples) + grants(samples)
  }

  private struct Samples {
    let name: PrincipalName
    let address4: NetworkAddress
    let address6: NetworkAddress
    let parameters = Argon2Parameters.passphrase
    let identity: VerifyingKey
    let loginKey: SignedLoginKey

    init() throws {
      let user = try TestUser("alice.b-c_d")
      var random = SeededRandom("samples")
      name = user.name
      identity = user.identity.publicKey
      address4 = try address([192, 0, 2, 1], port: 60_000)
      address6 = try address([0x20, 0x01] + random.bytes(14), port: 60_001)
      loginKey = SignedLoginKey(
        key: random.agreementKey().publicKey, issued: TestKDC.start,
        expires: TestKDC.start + .hours(11), keyVersion: 77, owner: name,
        realm: Realm(identity: identity), identity: user.identity)
    }

    func secret() -> SecretBytes { SecretBytes(copying: bytes(32).bytes) }
    func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0xa5, count: count) }
  }

  private static func rewritten(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.publicBytes()
  }

  /// The kind in front belongs to whoever dispatches on it.
  private static func kind(_ expected: UInt8, _ reader: inout ByteReader) throws {
    guard try reader.uint8() == expected else { throw WireError.invalid("kind") }
  }

  private static func requests(_ samples: Samples) -> [Self] {
    let registration = RegistrationRequest(
      name: samples.name, keyVersion: 7, parameters: samples.parameters, salt: samples.bytes(16),
      digest: samples.secret(), identity: samples.identity, identityProof: samples.bytes(64),
      port: 60_000)
    let login = LoginRequest(
      name: samples.name, identity: samples.identity, loginKey: samples.loginKey,
      lifetimeSeconds: 36_000)
    let change = SecretChangeRequest(
      name: samples.name, keyVersion: 7, time: TestKDC.start, parameters: samples.parameters,
      salt: samples.bytes(16), digest: samples.secret(), identityProof: samples.bytes(64))
    return [
      Self("change of secret") {
        change.write(to: &$0)
      } rewrite: { reader in
        try kind(SealedRequestKind.change.rawValue, &reader)
        let request = try SecretChangeRequest(from: &reader)
        return rewritten { request.write(to: &$0) }
      },
      Self("salt request") {
        SaltRequest(name: samples.name).write(to: &$0)
      } rewrite: { reader in
        try kind(SealedRequestKind.salt.rawValue, &reader)
        let request = try SaltRequest(from: &reader)
        return rewritten { request.write(to: &$0) }
      },
      Self("registration") {
        registration.write(to: &$0)
      } rewrite: { reader in
        try kind(SealedRequestKind.registration.rawValue, &reader)
        let request = try RegistrationRequest(from: &reader)
        return rewritten { request.write(to: &$0) }
      },
      Self("login") {
        login.write(to: &$0)
      } rewrite: { reader in
        try kind(SealedRequestKind.login.rawValue, &reader)
        let request = try LoginRequest(from: &reader)
        return rewritten { request.write(to: &$0) }
      },
    ]
  }

  private static func replies(_ samples: Samples) -> [Self] {
    let grant = LoginGrant(
      name: samples.name, keyVersion: 7, certificate: samples.bytes(64),
      requestKey: samples.secret(), ticketKey: samples.secret(), end: TestKDC.start,
      observed: samples.address4, ticket: samples.bytes(TicketGrantingTicket.byteCount))
    let places: [(String, Purpose, Whereabouts)] = [
      ("ticket reply", .session, .present([samples.address4, samples.address6])),
      ("deposit ticket reply", .deposit, .away(mailbox: samples.name)),
      ("deposit ticket reply without a mailbox", .deposit, .away(mailbox: nil)),
    ]
    let salt = SaltReply(
      parameters: samples.parameters, salt: samples.bytes(16), keyVersion: 7)
    return [
      Self("salt reply") {
        salt.write(to: &$0)
      } rewrite: { reader in
        let reply = try SaltReply(from: &reader)
        return rewritten { reply.write(to: &$0) }
      },
      Self("login grant") {
        grant.write(to: &$0)
      } rewrite: { reader in
        let grant = try LoginGrant(from: &reader)
        return rewritten { grant.write(to: &$0) }
      },
    ]
      + places.map { name, purpose, whereabouts in
        let reply = TicketReply(
          peer: samples.name, sessionKey: samples.secret(), identity: samples.identity,
          certificate: samples.bytes(64), loginKey: samples.loginKey, whereabouts: whereabouts,
          ticket: samples.bytes(Ticket.byteCount))
        var written = ByteWriter()
        reply.write(to: &written)
        let bytes = written.publicBytes()
        return Self(name) {
          $0.bytes(bytes.bytes)
        } rewrite: { reader in
          let reply = try TicketReply(from: &reader, purpose: purpose)
          return rewritten { reply.write(to: &$0) }
        }
      }
  }

  private static func grants(_ samples: Samples) -> [Self] {
    let signature = LoginSignature(samples.loginKey)
    let requests: [(String, GrantingRequest)] = [
      (
        "request for a ticket",
        .ticket(
          purpose: .deposit, peer: samples.name, ephemeral: samples.loginKey.key, signature)
      ),
      (
        "announcement",
        .announce(port: 60_000, addresses: [samples.address4, samples.address6], signature)
      ),
      (
        "announcement of a service",
        .announce(port: 1, addresses: [samples.address4], signature, service: .mailbox)
      ),
      ("withdrawal", .withdraw),
      ("login for deposits", .takeDeposits(signature, mailbox: samples.name)),
      ("login for deposits without a mailbox", .takeDeposits(signature, mailbox: nil)),
      ("request for services", .services(.mailbox, after: samples.name)),
      ("request for all services", .services(.mailbox, after: nil)),
    ]
    return requests.map { name, request in
      Self(name) {
        request.write(to: &$0)
      } rewrite: { reader in
        let request = try GrantingRequest(from: &reader)
        return rewritten { request.write(to: &$0) }
      }
    }
  }
}
