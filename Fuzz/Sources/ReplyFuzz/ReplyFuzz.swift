import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution

/// The client's side of every exchange with the KDC: raw messages, and plaintexts that are sealed
/// or signed as the KDC does it; and all of them, one after the other. And the files that a client
/// keeps.
///
/// Input: kind, whether a sealed reply is proven, then the message, the plaintext or the changes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  let kind = input.byte() % 21
  let isProven = input.byte() & 1 == 1
  switch kind {
  case 0: announcement(input.remainder())
  case 1: announcement(signedAnnouncement(&input))
  case 2: sealedReply(input.remainder(), .salt)
  case 3: sealedReply(input.remainder(), .login)
  case 4: sealedReply(sealed(Template.salt.mutated(by: &input), isProven: isProven), .salt)
  case 5:
    sealedReply(sealed(Template.registered.mutated(by: &input), isProven: isProven), .registration)
  case 6: sealedReply(sealed(Template.granted.mutated(by: &input), isProven: isProven), .login)
  case 7: sealedReply(sealed(input.remainder(), isProven: isProven), .login)
  case 8: grantingReply(input.remainder())
  case 9: grantingReply(granted(Template.ticket.mutated(by: &input)))
  case 10: grantingReply(granted(Template.announced.mutated(by: &input)))
  case 11: grantingReply(granted(input.remainder()))
  case 12: files(input.remainder())
  case 13: grantingReply(granted(Template.reach.mutated(by: &input)))
  case 14: sealedReply(sealed(Template.changed.mutated(by: &input), isProven: isProven), .change)
  case 15: sealedReply(input.remainder(), .change)
  case 16: files(keptFile(&input))
  case 18: grantingReply(granted(Template.depositTicket.mutated(by: &input)))
  case 19: grantingReply(granted(Template.services.mutated(by: &input)))
  case 20: ClientMachine.run(&input)
  default: word(input.remainder())
  }
  return 0
}

/// The replies that the fuzzer starts from.
enum Template {
  private static let alice = Person.alice
  private static let bob = Person.bob
  private static let head = written { $0.timestamp(World.now) }
  private static let renewal =
    World.bytes("fresh key", 32) + World.bytes("fresh ticket", TicketGrantingTicket.byteCount)

  static let salt =
    [SealedReplyKind.salt.rawValue] + head
    + written { body in
      SaltReply(
        parameters: .passphrase, salt: World.keys.salt(for: alice.name),
        keyVersion: alice.keyVersion
      ).write(to: &body)
    }

  static let registered =
    [SealedReplyKind.registered.rawValue] + head
    + written { body in
      body.name(alice.name)
      body.uint32(alice.keyVersion)
    }

  static let changed =
    [SealedReplyKind.changed.rawValue] + head
    + written { body in
      body.name(alice.name)
      body.uint32(alice.keyVersion + 1)
    }

  static let granted =
    [SealedReplyKind.granted.rawValue] + head
    + written { body in
      LoginGrant(
        name: alice.name, keyVersion: alice.keyVersion, certificate: alice.certificate,
        requestKey: secret(alice.requestKey), ticketKey: secret(alice.ticketKey),
        end: alice.loginEnd, observed: World.source, ticket: alice.ticket
      ).write(to: &body)
    }

  static let ticket = ticket(.present([World.source]))
  static let depositTicket = ticket(.away(mailbox: alice.name))

  private static func ticket(_ whereabouts: Whereabouts) -> [UInt8] {
    [whereabouts.replyKind.rawValue] + head + renewal
      + written { body in
        TicketReply(
          peer: bob.name, sessionKey: World.secret("session key"),
          identity: bob.identity.publicKey, certificate: bob.certificate, loginKey: bob.signed,
          whereabouts: whereabouts, ticket: World.bytes("a ticket", Ticket.byteCount)
        ).write(to: &body)
      }
  }

  static let services =
    [GrantingReplyKind.services.rawValue] + head + renewal
    + written { $0.names([alice.name, bob.name]) }

  static let announced =
    [GrantingReplyKind.announced.rawValue] + head + renewal
    + written { $0.address(World.source) }

  static let reach =
    [GrantingReplyKind.reach.rawValue] + head + renewal
    + written { Reach(observed: World.source, isReached: true).write(to: &$0) }

  static func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.publicBytes()
  }
}

let epochKey: EpochPublicKey = {
  guard let key = try? EpochKey(seed: secret(World.epochSeed)) else { fatalError("no epoch key") }
  return key.publicKey
}()
let exchange = SealedExchange(realm: World.realm, epochKey: epochKey)
private let encapsulatedKey = World.bytes("encapsulated key", EpochKey.encapsulatedKeyByteCount)
private let exported = World.bytes("exported secret", 32)

// MARK: Epoch keys

private func announcement(_ message: [UInt8]) {
  guard let announced = try? AnnouncedEpoch(message.bytes) else { return }
  _ = announced.realm.word
  let second = SigningKey(seed: World.secret("kdc identity-seed 2")).publicKey
  expect(
    !announced.identity.succeeds(World.realm) || announced.realm.identity == second,
    "only whom the KDC's keys have named succeeds it")
  for time in [TrustedTime.kdcClock(World.now), .wallClock(World.now)] {
    guard let epoch = try? announced.accept(pinned: World.realm, at: time) else { continue }
    expect(epoch.realm == World.realm, "an accepted epoch key is the pinned KDC's")
  }
}

/// Any times, any key, signed by the KDC, or by the second identity after it.
private func signedAnnouncement(_ input: inout FuzzInput) -> [UInt8] {
  func moment() -> Timestamp {
    var milliseconds: UInt64 = 0
    for _ in 0..<8 { milliseconds = milliseconds << 8 | UInt64(input.byte()) }
    return Timestamp(milliseconds: World.start.milliseconds &+ milliseconds)
  }
  let (notBefore, notAfter) = (moment(), moment())
  let content = EpochAnnouncement.signedContent(
    realm: World.realm, notBefore: notBefore, notAfter: notAfter, key: epochKey)
  var succession = IdentitySuccession()
  var seed = World.secret("kdc identity-seed")
  if input.byte() % 2 == 1 {
    for number in 1...2 {
      let former = SigningKey(seed: seed)
      seed = World.secret("kdc identity-seed \(number)")
      succession =
        succession.continued(
          by: former, with: SigningKey(seed: seed).publicKey, in: World.realm, at: World.now)
        ?? succession
    }
  }
  let identity = SigningKey(seed: seed)
  return EpochAnnouncement(
    identity: identity.publicKey, notBefore: notBefore, notAfter: notAfter, key: epochKey,
    signature: identity.sign(content.bytes), succession: succession
  ).message.mutated(by: &input)
}

// MARK: Sealed replies

private enum Awaited { case salt, registration, login, change }

private func shared() -> SharedKey {
  let alice = Person.alice
  let digest = alice.digest
  guard
    let key = try? SharedKey(
      digest: digest.bytes, name: alice.name, keyVersion: alice.keyVersion,
      realm: World.realm)
  else { fatalError("no shared key") }
  return key
}

private func sealed(_ plaintext: [UInt8], isProven: Bool) -> [UInt8] {
  let nonce = World.bytes("response nonce", SealedExchange.responseNonceByteCount)
  let header = sealedReplyHeader(proven: isProven, responseNonce: nonce)
  let key =
    isProven
    ? exchange.replyKey(
      exported: secret(exported), shared: shared(), encapsulatedKey: encapsulatedKey.bytes,
      responseNonce: nonce.bytes)
    : exchange.replyKey(
      exported: secret(exported), encapsulatedKey: encapsulatedKey.bytes,
      responseNonce: nonce.bytes)
  return key.seal(plaintext.bytes, behind: header.bytes)
}

private func sealedReply(_ message: [UInt8], _ awaited: Awaited) {
  let alice = Person.alice
  let opener = SealedReplyOpener(
    exchange: exchange, encapsulatedKey: encapsulatedKey, exported: secret(exported))
  switch awaited {
  case .salt:
    guard let told = try? ExpectSalt(opener: opener).receive(message.bytes).value else { return }
    expect(told.parameters.isWithinLimits, "Argon2 costs are bounded")
    expect(told.salt.count == 16, "a salt has 16 bytes")
  case .registration:
    _ = try? ExpectRegistration(
      opener: opener, shared: shared(), name: alice.name, keyVersion: alice.keyVersion
    ).receive(message.bytes)
  case .change:
    _ = try? ExpectChange(
      opener: opener, shared: shared(), name: alice.name, keyVersion: alice.keyVersion
    ).receive(message.bytes)
  case .login:
    let expecting = ExpectLogin(
      opener: opener, shared: shared(), realm: World.realm, name: alice.name,
      identity: alice.identity.publicKey, loginKey: alice.loginKey.duplicate(), signed: alice.signed
    )
    guard let credential = try? expecting.receive(message.bytes) else { return }
    expect(credential.name == alice.name, "a login is one's own")
    var random = FuzzRandom()
    let asked = credential.announce(
      port: 1, addresses: [credential.observed], at: credential.grantedAt, random: &random)
    expect(asked.message.count <= 1232, "a request fits into a datagram")
  }
}

// MARK: Granting replies

private let grantingExchange = GrantingExchange(
  realm: World.realm, requestNonce: World.bytes("request nonce", 16).bytes)

private func granted(_ plaintext: [UInt8]) -> [UInt8] {
  let nonce = World.bytes("response nonce", GrantingExchange.nonceByteCount)
  let header = grantingReplyHeader(responseNonce: nonce)
  let key = grantingExchange.replyKey(
    secret(Person.alice.requestKey), responseNonce: nonce.bytes)
  return key.seal(plaintext.bytes, behind: header.bytes)
}

private func grantingReply(_ message: [UInt8]) {
  func opener() -> GrantingReplyOpener {
    GrantingReplyOpener(
      exchange: grantingExchange, requestKey: secret(Person.alice.requestKey))
  }
  _ = try? ExpectAnnouncement(opener: opener()).receive(message.bytes)
  _ = try? ExpectWithdrawal(opener: opener()).receive(message.bytes)
  _ = try? ExpectReach(opener: opener()).receive(message.bytes)
  _ = try? ExpectAcceptance(opener: opener()).receive(message.bytes)
  _ = try? ExpectDeposits(opener: opener()).receive(message.bytes)
  if let names = try? ExpectServices(opener: opener(), after: nil).receive(message.bytes).value {
    expect(zip(names, names.dropFirst()).allSatisfy { $0 < $1 }, "names are in order")
  }
  let deposit = ExpectTicket(opener: opener(), peer: Person.bob.name, purpose: .deposit)
  if let granted = try? deposit.receive(message.bytes) {
    let (peer, addresses) = (granted.value.peer, granted.value.addresses)
    expect(peer == Person.bob.name && addresses.isEmpty, "a deposit is for the peer asked for")
  }
  let expecting = ExpectTicket(opener: opener(), peer: Person.bob.name, purpose: .session)
  guard let granted = try? expecting.receive(message.bytes) else { return }
  let session = granted.value
  expect(session.peer == Person.bob.name, "a ticket is for the peer that was asked for")
  expect(session.addresses.count <= PresenceRecord.addressLimit, "addresses are few")
  let clocks = PeerTrust.Clocks(kdc: World.now, own: World.now)
  let trust = PeerTrust(realm: World.realm, own: Person.alice.name)
  guard let trusted = try? trust.judge(session.peerClaim, pinned: nil, at: clocks) else { return }
  expect(trusted.identity == Person.bob.identity.publicKey, "only certified keys are trusted")
  _ = try? Person.alice.credential.startSession(
    session, with: trusted, ephemeral: AgreementKey(privateKey: World.secret("ephemeral")))
}

// MARK: Files and words

/// What the fuzzer starts from behind the checksums.
private enum Kept {
  static let login = content(CachedCredential.encode(Person.alice.credential))
  static let key: [UInt8] = {
    var random = FuzzRandom(3)
    return content(
      PrincipalKey(name: Person.alice.name, realm: World.realm, random: &random).file())
  }()

  private static func content(_ file: borrowing SecretBytes) -> [UInt8] {
    [UInt8](file.bytes.extracting(droppingLast: SHA256.byteCount))
  }
}

/// A login that is kept, or a key file, with changes and a checksum that fits.
private func keptFile(_ input: inout FuzzInput) -> [UInt8] {
  let content = input.byte() & 1 == 0 ? Kept.login : Kept.key
  let changed = content.mutated(by: &input)
  return changed + SHA256.hash(changed.bytes)
}

private func files(_ bytes: [UInt8]) {
  if let identity = try? SealedIdentity(bytes.bytes) {
    expect(identity.file == bytes, "an identity file has one spelling")
  }
  if let head = try? SealedCopyHeader(bytes.bytes) {
    expect(head.bytes == bytes, "the head of a copy has one spelling")
  }
  if let key = try? PrincipalKey(bytes.bytes) {
    let written = key.file()
    expect(equalInConstantTime(written.bytes, bytes.bytes), "a key file has one spelling")
  }
  if let login = try? CachedCredential.decode(bytes.bytes) {
    let written = CachedCredential.encode(login)
    expect(equalInConstantTime(written.bytes, bytes.bytes), "a kept login has one spelling")
  }
}

private func word(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  if let realm = Realm(word: text) { expect(realm.word == text, "a realm has one word") }
  if let decoded = Base32.decode(text) {
    expect(Base32.encode(decoded) == text, "base 32 has one spelling")
  }
  if let fingerprint = Fingerprint(text) {
    let shown = "\(fingerprint)"
    expect(shown.utf8.count == 29, "a fingerprint is shown in six groups of four")
    expect(Fingerprint(shown) == fingerprint, "a fingerprint that was shown is read")
  }
  if let name = PrincipalName(text) { expect(name.bytes == bytes, "a name is its bytes") }
}
