import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("A login as a device keeps it")
struct CachedCredentialTests {
  private func file(_ credential: borrowing Credential) -> [UInt8] {
    [UInt8](CachedCredential.encode(credential).bytes)
  }

  @Test("A login that was written and read goes on: tickets, announcements, sessions")
  func roundTrip() throws {
    let kdc = try TestKDC()
    var random = SeededRandom("cached")
    let alice = try kdc.member("alice")
    let bob = try kdc.member("bob")
    let written = file(alice)
    #expect(written.count == CachedCredential.byteCount)
    let sender = try CachedCredential.decode(written.bytes)
    let receiver = try CachedCredential.decode(file(bob).bytes)
    #expect(file(sender) == written)
    #expect(sender.end == alice.end)
    #expect(sender.grantedAt == alice.grantedAt)
    #expect(sender.observed == alice.observed)
    #expect(sender.identity == alice.identity)

    try kdc.announce(receiver)
    let ephemeral = random.agreementKey()
    let granted = try kdc.grant(sender, for: receiver.name, ephemeral: ephemeral.publicKey)
    let grant = granted.value
    let judged = try PeerTrust(realm: sender.realm, own: sender.name).judge(
      grant.peerClaim, pinned: nil, at: kdc.clocks)
    let hello = try sender.startSession(grant, with: judged, ephemeral: ephemeral)
    var cache = SessionReplayCache(now: kdc.now)
    let answer = try receiver.respond(
      to: hello.message, cache: &cache, ephemeral: random.agreementKey(), at: kdc.clocks)
    let awaitingRecord = answer.next
    var session = try hello.next.receive(answer.message)
    let accepted = try awaitingRecord.receive(try session.seal(text("offer")))
    #expect(accepted.session.peer.identity == alice.identity)
  }

  @Test("Two programs with one kept login get their tickets side by side, and renewals harm nobody")
  func shared() throws {
    let kdc = try TestKDC()
    let written = file(try kdc.member("alice"))
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    var first = try CachedCredential.decode(written.bytes)
    let second = try CachedCredential.decode(written.bytes)
    let key = kdc.random.agreementKey().publicKey
    let granted = try kdc.grant(first, for: bob.name, ephemeral: key)
    first.renew(with: granted.renewal)
    _ = try kdc.grant(second, for: bob.name, ephemeral: key)
    _ = try kdc.grant(first, for: bob.name, ephemeral: key)
    kdc.advance(.hours(9))
    try kdc.announce(bob)
    let later = try CachedCredential.decode(written.bytes)
    _ = try kdc.grant(later, for: bob.name, ephemeral: key)
    kdc.advance(.hours(2))
    let failure = exchangeFailure { _ = try kdc.grant(later, for: bob.name, ephemeral: key) }
    #expect(failure == .loginOver)
  }

  @Test("A login at a KDC with another identity has the realm's id, and goes on with a later one")
  func successor() throws {
    let kdc = try TestKDC()
    try kdc.replaceIdentity()
    let alice = try kdc.member("alice")
    let written = file(alice)
    #expect(written.count == CachedCredential.byteCount + 32)
    var read = try CachedCredential.decode(written.bytes)
    let present = read.realm
    #expect(file(read) == written && present == kdc.realm)
    for bogus in Mutations.prefixes(of: written) + Mutations.extensions(of: written)
      + Mutations.flips(of: written)
    {
      #expect(refusal(bogus) != nil)
    }
    try kdc.replaceIdentity()
    read.adopt(try TestKDC(seed: "another").realm)
    let unmoved = read.realm
    read.adopt(kdc.realm)
    let moved = read.realm
    #expect(unmoved == present && moved == kdc.realm)
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    let key = kdc.random.agreementKey().publicKey
    _ = try kdc.grant(read, for: bob.name, ephemeral: key)
  }

  @Test("What keys for deposits are sealed under is kept, too; a login kept without it is read")
  func storageKey() throws {
    for isSuccessor in [false, true] {
      let kdc = try TestKDC()
      if isSuccessor { try kdc.replaceIdentity() }
      var bob = try kdc.member("bob")
      let deposits = DepositKeys(of: bob)
      let storageKey = DepositStorageKey(
        identitySeed: SecretBytes(copying: [UInt8](repeating: 3, count: 32).bytes), name: bob.name,
        realm: kdc.realm)
      let sealed = deposits.file(under: storageKey, random: &kdc.random)
      let former = file(bob)
      #expect(try opens(sealed, CachedCredential.decode(former.bytes)) == nil)
      bob.depositStorageKey = .some(storageKey)
      let written = file(bob)
      #expect(written.count == former.count + 32)
      #expect(isSuccessor == (written.count == CachedCredential.longestByteCount))
      let read = try CachedCredential.decode(written.bytes)
      #expect(file(read) == written)
      #expect(try opens(sealed, read) == deposits.publicKey)
      for bogus in Mutations.all(of: written) { #expect(refusal(bogus) != nil) }
    }
  }

  /// Whose keys for deposits a login opens; nil if it was kept without what they are sealed under.
  private func opens(
    _ file: [UInt8], _ login: borrowing Credential
  ) throws -> AgreementPublicKey? {
    switch login.depositStorageKey {
    case .some(let key):
      let keys = try DepositKeys(
        opening: file.bytes, under: key, name: login.name, realm: login.realm)
      let identity = keys.identity
      #expect(identity == login.identity)
      return keys.publicKey
    case .none: return nil
    }
  }

  private func refusal(_ bytes: [UInt8]) -> WireError? {
    failure(WireError.self) { _ = try CachedCredential.decode(bytes.bytes) }
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of the file is refused")
  func bentFiles() throws {
    let file = file(try TestKDC().member("alice"))
    for bogus in Mutations.prefixes(of: file) { #expect(refusal(bogus) == .truncated) }
    for bogus in Mutations.extensions(of: file) { #expect(refusal(bogus) == .trailingBytes) }
    for bogus in Mutations.flips(of: file) {
      let isOtherForm = bogus.prefix(20) != file.prefix(20)
      #expect(isOtherForm ? refusal(bogus) != nil : refusal(bogus) == .invalid("checksum"))
    }
  }

  @Test("Parts that do not belong together are refused, though the checksum is right")
  func mixedParts() throws {
    let kdc = try TestKDC()
    let alice = file(try kdc.member("alice"))
    let bob = file(try kdc.member("bob"))
    // The magic, KDC identity, name, identity key, and login key with its signature.
    let parts = [0..<20, 20..<52, 52..<117, 117..<149, 184..<216, 216..<332]
    for part in parts {
      var mixed = alice
      if part.lowerBound < 52 { mixed[part.lowerBound] ^= 1 } else { mixed[part] = bob[part] }
      let content = [UInt8](mixed.dropLast(32))
      #expect(refusal(content + SHA256.hash(content.bytes)) != nil, "\(part)")
    }
  }
}
