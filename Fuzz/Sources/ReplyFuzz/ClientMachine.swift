import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution

/// A client from its first contact with the KDC to its first message to a peer, state after state,
/// before a KDC that has every key and says what it likes at any step.
enum ClientMachine {
  private static let alice = Person.alice
  private static let bob = Person.bob

  static func run(_ input: inout FuzzInput) {
    do {
      let epoch = try epoch(&input)
      let salt = try salt(from: epoch, &input)
      let credential = try login(to: epoch, with: salt, &input)
      try session(of: credential, &input)
    } catch {}
  }

  private static func epoch(_ input: inout FuzzInput) throws -> VerifiedEpoch {
    let message = announcement.mutated(by: &input)
    let epoch = try AnnouncedEpoch(message.bytes).accept(
      pinned: World.realm, at: .wallClock(World.now))
    expect(message == announcement, "only what the KDC has signed is accepted")
    return epoch
  }

  private static func salt(
    from epoch: VerifiedEpoch, _ input: inout FuzzInput
  ) throws -> Timed<SaltReply> {
    let asked = try epoch.askForSalt(of: alice.name)
    let reply = reply(
      to: asked.message, Template.salt.mutated(by: &input), keyVersion: nil)
    let next = asked.next
    let salt = try next.receive(reply.bytes)
    expect(salt.value.parameters.isWithinLimits, "Argon2 costs are bounded")
    return salt
  }

  private static func login(
    to epoch: VerifiedEpoch, with salt: Timed<SaltReply>, _ input: inout FuzzInput
  ) throws -> Credential {
    let keyVersion = salt.value.keyVersion
    let asked = try epoch.logIn(
      alice.name, keyVersion: keyVersion, digest: secret(alice.digest), identity: alice.identity,
      loginKey: alice.loginKey.duplicate(), lifetime: .hours(8), at: salt.time)
    let reply = reply(
      to: asked.message, Template.granted.mutated(by: &input), keyVersion: keyVersion)
    let next = asked.next
    let credential = try next.receive(reply.bytes)
    expect(credential.name == alice.name && credential.realm == World.realm, "it is one's own")
    return credential
  }

  private static func session(
    of credential: borrowing Credential, _ input: inout FuzzInput
  ) throws {
    var random = FuzzRandom()
    let ephemeral = AgreementKey(privateKey: World.secret("client ephemeral"))
    let asked = credential.askForTicket(
      for: bob.name, purpose: .session, ephemeral: ephemeral.publicKey, at: credential.grantedAt,
      random: &random)
    expect(asked.message.count <= 1232, "a request fits into a datagram")
    let message = asked.message
    let next = asked.next
    // The first datagrams may be anybody's: they change nothing.
    for _ in 0..<(input.byte() % 3) { _ = try? next.receive(input.prefixed().bytes) }
    let plaintext = Template.ticket.mutated(by: &input)
    let reply = granted(plaintext, to: message, under: credential.requestKey)
    let granted = try next.receive(reply.bytes)
    let grant = granted.value
    expect(grant.peer == bob.name, "a ticket is for the peer asked for")
    let clocks = PeerTrust.Clocks(kdc: granted.time, own: World.now)
    let peer = try PeerTrust(realm: World.realm, own: alice.name).judge(
      grant.peerClaim, pinned: nil, at: clocks)
    expect(
      peer.identity == bob.identity.publicKey && peer.loginKey == bob.loginKey.publicKey,
      "a peer is one whom the KDC has certified, with a key that it has signed")
    expect(grant.peerClaim.certificate == bob.certificate, "a certificate is the KDC's")
    let started = try credential.startSession(grant, with: peer, ephemeral: ephemeral)
    expect(started.message.count <= 65_535, "the first message fits into a frame")
  }

  // MARK: The KDC

  private static let epochPrivateKey: EpochKey = {
    guard let key = try? EpochKey(seed: secret(World.epochSeed)) else { fatalError("no key") }
    return key
  }()

  private static let announcement: [UInt8] = {
    let identity = SigningKey(seed: World.secret("kdc identity-seed"))
    let end = World.start + .hours(1)
    let content = EpochAnnouncement.signedContent(
      realm: World.realm, notBefore: World.start, notAfter: end, key: epochKey)
    return EpochAnnouncement(
      identity: identity.publicKey, notBefore: World.start, notAfter: end, key: epochKey,
      signature: identity.sign(content.bytes), succession: IdentitySuccession()
    ).message
  }()

  /// - Parameter keyVersion: of the secret that was proven; nil: none was.
  private static func reply(
    to request: [UInt8], _ plaintext: [UInt8], keyVersion: UInt32?
  ) -> [UInt8] {
    let header = [UInt8](request.prefix(exchange.requestHeader.count))
    let rest = request.dropFirst(header.count)
    let encapsulated = [UInt8](rest.prefix(EpochKey.encapsulatedKeyByteCount))
    let sealed = [UInt8](rest.dropFirst(encapsulated.count))
    guard
      let opened = try? epochPrivateKey.open(
        sealed.bytes, encapsulatedKey: encapsulated.bytes, info: exchange.info.bytes,
        authenticating: header.bytes, exporterContext: exchange.exporterContext.bytes)
    else { fatalError("broken: the KDC opens what a client has sealed") }
    let exported = opened.exported.duplicate()
    let nonce = World.bytes("response nonce", SealedExchange.responseNonceByteCount)
    let head = sealedReplyHeader(proven: keyVersion != nil, responseNonce: nonce)
    guard let keyVersion else {
      return exchange.replyKey(
        exported: exported, encapsulatedKey: encapsulated.bytes, responseNonce: nonce.bytes
      ).seal(plaintext.bytes, behind: head.bytes)
    }
    let digest = alice.digest
    guard
      let shared = try? SharedKey(
        digest: digest.bytes, name: alice.name, keyVersion: keyVersion, realm: World.realm)
    else { fatalError("no shared key") }
    return exchange.replyKey(
      exported: exported, shared: shared, encapsulatedKey: encapsulated.bytes,
      responseNonce: nonce.bytes
    ).seal(plaintext.bytes, behind: head.bytes)
  }

  private static func granted(
    _ plaintext: [UInt8], to request: [UInt8], under requestKey: borrowing SecretBytes
  ) -> [UInt8] {
    let count = GrantingExchange.requestHeaderByteCount
    let requestNonce = [UInt8](request.prefix(count).suffix(GrantingExchange.nonceByteCount))
    let exchange = GrantingExchange(realm: World.realm, requestNonce: requestNonce.bytes)
    let nonce = World.bytes("response nonce", GrantingExchange.nonceByteCount)
    return exchange.replyKey(requestKey, responseNonce: nonce.bytes).seal(
      plaintext.bytes, behind: grantingReplyHeader(responseNonce: nonce).bytes)
  }
}
