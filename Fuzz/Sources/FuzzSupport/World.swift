public import Cryptography
public import SecretMemory
public import Wire

@testable public import KeyDistribution

/// A realm with two users. Its KDC and the login of `exchange/login` have the keys of the golden
/// transcripts, so that recorded messages are valid seeds.
public enum World {
  /// 2026-01-01 00:00:00 UTC, and a second later, when everything happens.
  public static let start = Timestamp(milliseconds: 1_767_225_600_000)
  public static let now = start + .seconds(1)
  public static let realm = Realm(identity: SigningKey(seed: secret("kdc identity-seed")).publicKey)
  public static let keys = RealmKeys(material())
  public static let epochSeed = bytes("exchange/login epoch seed", 32)
  public static let source = parsed(
    [4, 192, 0, 2, 7] + [UInt8](repeating: 0, count: 12) + [156, 64])

  /// Bytes that a label determines, as in the transcripts.
  public static func bytes(_ label: String, _ count: Int) -> [UInt8] {
    let key = SHA256.hash([UInt8](label.utf8).bytes)
    return [UInt8](HKDF.expand(key.bytes, info: RawSpan(), count: count).bytes)
  }

  public static func secret(_ label: String, _ count: Int = 32) -> SecretBytes {
    FuzzSupport.secret(bytes(label, count))
  }

  public static func material() -> KDCKeyMaterial {
    KDCKeyMaterial(
      identitySeed: secret("kdc identity-seed"), storageKey: secret("kdc storage-key"),
      saltKey: secret("kdc salt-key"), ratchetPeriod: start.milliseconds / 3_600_000,
      ratchetKey: secret("kdc ratchet-key"))
  }

  public static func name(_ text: String) -> PrincipalName {
    guard let name = PrincipalName(text) else { fatalError("no name: \(text)") }
    return name
  }

  private static func parsed(_ bytes: [UInt8]) -> NetworkAddress {
    var reader = ByteReader(bytes.bytes)
    guard let address = try? reader.address() else { fatalError("no address") }
    return address
  }
}

/// One of the users, logged in. Everything is made once: a run of a fuzzer should cost little else
/// than what it tries.
public final class Person: Sendable {
  public let name: PrincipalName
  public let digest: [UInt8]
  public let requestKey: [UInt8]
  public let ticketKey: [UInt8]
  public let keyVersion: UInt32
  /// The ticket-granting ticket.
  public let ticket: [UInt8]
  public let loginEnd: Timestamp
  public let identity: SigningKey
  public let loginKey: AgreementKey
  public let signed: SignedLoginKey
  public let certificate: [UInt8]
  public let credential: Credential
  public let record: UserRecord
  public let presence: PresenceRecord
  public let deposits: DepositRecord

  public static let alice = Person("alice")
  public static let bob = Person("bob")

  private init(_ text: String) {
    name = World.name(text)
    digest = World.bytes("digest of \(text)", 32)
    requestKey = World.bytes("fuzz \(text) request-key", 32)
    ticketKey = World.bytes("fuzz \(text) ticket-key", 32)
    keyVersion = World.keys.firstKeyVersion(for: name)
    loginEnd = World.start + .hours(10)
    identity = SigningKey(seed: World.secret("identity of \(text)"))
    loginKey = AgreementKey(privateKey: World.secret("login key of \(text)"))
    signed = SignedLoginKey(
      key: loginKey.publicKey, issued: World.start, expires: World.start + .hours(11),
      keyVersion: keyVersion, owner: name, realm: World.realm, identity: identity)
    certificate = World.keys.certificate(for: name, identity: identity.publicKey)
    var random = FuzzRandom(7)
    ticket = TicketGrantingTicket(
      name: name, keyVersion: keyVersion, requestKey: secret(requestKey),
      ticketKey: secret(ticketKey), loginKey: loginKey.publicKey, loginTime: World.start,
      loginEnd: loginEnd
    ).sealed(under: Self.ticketGrantingKey, random: &random)
    credential = Credential(
      realm: World.realm, name: name, identity: identity.publicKey,
      loginKey: loginKey.duplicate(), signed: signed,
      grant: LoginGrant(
        name: name, keyVersion: keyVersion, certificate: certificate,
        requestKey: secret(requestKey), ticketKey: secret(ticketKey), end: loginEnd,
        observed: World.source, ticket: ticket),
      grantedAt: World.start)
    record = UserRecord(
      name: name, address: World.source, keyVersion: keyVersion, parameters: .passphrase,
      salt: World.keys.salt(for: name),
      sealedDigest: World.keys.sealDigest(
        secret(digest), name: name, keyVersion: keyVersion, random: &random),
      identity: identity.publicKey, certificate: certificate, state: .active)
    presence = PresenceRecord(
      name: name, keyVersion: keyVersion, loginTime: World.start, loginEnd: loginEnd,
      addresses: [World.source], loginKey: signed,
      sealedTicketKey: World.keys.sealTicketKey(
        secret(ticketKey), name: name, loginTime: World.start, random: &random))
    deposits = DepositRecord(
      name: name, keyVersion: keyVersion, loginTime: World.start, until: signed.expires,
      mailbox: nil, loginKey: signed, sealedTicketKey: presence.sealedTicketKey)
  }

  private static let ticketGrantingKey = KeyDistributionCenter(
    World.material(), policy: CenterPolicy(), now: World.start
  ).currentTicketGrantingKey(at: World.start)
}

/// A copy of bytes as a secret.
public func secret(_ bytes: [UInt8]) -> SecretBytes { SecretBytes(copying: bytes.bytes) }
