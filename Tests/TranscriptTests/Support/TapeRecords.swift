import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A person of the transcripts: a name, and secrets that the name determines while recording.
struct Person {
  let name: String
  var digest: [UInt8] { World.bytes("digest of \(name)", 32) }
  var identitySeed: [UInt8] { World.bytes("identity of \(name)", 32) }
  var loginKey: [UInt8] { World.bytes("login key of \(name)", 32) }

  static let alice = Person(name: "alice")
  static let bob = Person(name: "bob")
}

extension TapeCenter {
  /// Section `user`: a record of the KDC's store.
  ///
  /// - Parameter edit: what is to be different while recording.
  @discardableResult
  func user(
    _ person: Person, hasIdentity: Bool = true, edit: (inout UserRecord) -> Void = { _ in }
  ) throws -> UserRecord {
    try tape.begin("user \(person.name)")
    let name = try principal(tape.word("name", person.name))
    var made = try record(of: person, hasIdentity: hasIdentity)
    edit(&made)
    let record = UserRecord(
      name: name,
      address: try read(try tape.given("address", written { $0.address(made.address) })) {
        (reader) throws(WireError) in try reader.address()
      },
      keyVersion: try tape.number("key-version", made.keyVersion),
      parameters: try read(try tape.given("argon2", written { $0.parameters(made.parameters) })) {
        (reader) throws(WireError) in try reader.parameters()
      },
      salt: try tape.given("salt", made.salt),
      sealedDigest: try tape.given("sealed-digest", made.sealedDigest),
      identity: VerifyingKey(try tape.given("identity-key", made.identity?.bytes ?? [])),
      certificate: try tape.given("certificate", made.certificate),
      state: UserRecord.State(rawValue: try tape.word("state", made.state.rawValue)) ?? .removed)
    directory.users[name] = record
    return record
  }

  private func record(of person: Person, hasIdentity: Bool) throws -> UserRecord {
    let name = try principal(person.name)
    let keyVersion = keys.firstKeyVersion(for: name)
    var random = FixedRandom(World.bytes("digest nonce of \(person.name)", 12))
    let identity = SigningKey(seed: secret(person.identitySeed)).publicKey
    return UserRecord(
      name: name,
      address: try read(World.source(port: 60_000)) { (reader) throws(WireError) in
        try reader.address()
      },
      keyVersion: keyVersion, parameters: .passphrase, salt: keys.salt(for: name),
      sealedDigest: keys.sealDigest(
        secret(person.digest), name: name, keyVersion: keyVersion, random: &random),
      identity: hasIdentity ? identity : nil,
      certificate: hasIdentity ? keys.certificate(for: name, identity: identity) : [],
      state: .active)
  }

  /// Section `stored`: what became of a user's record.
  func checkStored(_ person: Person) throws {
    try tape.begin("stored \(person.name)")
    guard let record = directory.users[try principal(person.name)] else {
      throw TranscriptProblem("no record of \(person.name)")
    }
    try tape.check("address", written { $0.address(record.address) })
    try tape.check("key-version", bigEndian(record.keyVersion))
    try tape.check("argon2", written { $0.parameters(record.parameters) })
    try tape.check("salt", record.salt)
    try tape.check("sealed-digest", record.sealedDigest)
    try tape.check("identity-key", record.identity?.bytes ?? [])
    try tape.check("certificate", record.certificate)
  }

  /// Section `presence`: where the login of a credential receives.
  @discardableResult
  func presence(
    of credential: TapeCredential, edit: (inout TapePresence) -> Void = { _ in }
  ) throws -> PresenceRecord {
    var random = FixedRandom(World.bytes("presence nonce of \(credential.name)", 12))
    var made = TapePresence(
      keyVersion: credential.signed.keyVersion, loginTime: credential.grantedAt,
      loginEnd: credential.end, addresses: [credential.observed],
      loginKey: credential.signed,
      sealedTicketKey: keys.sealTicketKey(
        secret(credential.ticketKey), name: credential.name, loginTime: credential.grantedAt,
        random: &random))
    edit(&made)
    try tape.begin("presence \(credential.name)")
    let record = PresenceRecord(
      name: try principal(tape.word("name", credential.name.description)),
      keyVersion: try tape.number("key-version", made.keyVersion),
      loginTime: try tape.time("login-time", made.loginTime),
      loginEnd: try tape.time("login-end", made.loginEnd),
      addresses: try read(try tape.given("addresses", written { $0.addresses(made.addresses) })) {
        (reader) throws(WireError) in try reader.addresses(limit: PresenceRecord.addressLimit)
      },
      loginKey: try read(try tape.given("login-key", written { $0.loginKey(made.loginKey) })) {
        (reader) throws(WireError) in try reader.loginKey()
      },
      sealedTicketKey: try tape.given("sealed-ticket-key", made.sealedTicketKey))
    directory.presences[record.name] = record
    return record
  }

  /// Section `stored presence`: what the KDC keeps of a receiver.
  func checkStoredPresence(_ person: Person) throws {
    try tape.begin("stored presence \(person.name)")
    let record = directory.presences[try principal(person.name)]
    try tape.check("login-time", bigEndian(record?.loginTime.milliseconds ?? 0))
    try tape.check("login-end", bigEndian(record?.loginEnd.milliseconds ?? 0))
    try tape.check("addresses", record.map { r in written { $0.addresses(r.addresses) } } ?? [])
    try tape.check("login-key", record.map { r in written { $0.loginKey(r.loginKey) } } ?? [])
    try tape.check("sealed-ticket-key", record?.sealedTicketKey ?? [])
  }
}

/// What a recording may change in a presence.
struct TapePresence {
  var keyVersion: UInt32
  var loginTime: Timestamp
  var loginEnd: Timestamp
  var addresses: [NetworkAddress]
  var loginKey: SignedLoginKey
  var sealedTicketKey: [UInt8]
}
