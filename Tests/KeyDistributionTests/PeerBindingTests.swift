import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The pre-shared key binds everything it should")
struct PeerBindingTests {
  private let realm: Realm
  private let ends: [PeerEnd]
  private let ephemerals: [AgreementPublicKey]

  init() throws {
    realm = try TestKDC().realm
    var random = SeededRandom("binding")
    ends = try ["alice", "bob", "carol"].map { name in
      PeerEnd(
        name: try principal(name), identity: try TestUser(name).identity.publicKey,
        loginKey: random.agreementKey().publicKey)
    }
    ephemerals = [random.agreementKey().publicKey, random.agreementKey().publicKey]
  }

  private func key(
    realm: Realm? = nil, purpose: Purpose = .session, _ initiator: PeerEnd? = nil,
    _ responder: PeerEnd? = nil, ephemeral: Int = 0, sessionKey: UInt8 = 5
  ) -> [UInt8] {
    let binding = PeerBinding(
      realm: realm ?? self.realm, purpose: purpose, initiator: initiator ?? ends[0],
      responder: responder ?? ends[1], ephemeral: ephemerals[ephemeral])
    let sessionKey = SecretBytes(copying: [UInt8](repeating: sessionKey, count: 32).bytes)
    let key = binding.preSharedKey(sessionKey)
    return [UInt8](key.bytes)
  }

  @Test("Another purpose, realm, name, identity, login key, ephemeral, role or session key")
  func everyField() throws {
    let (alice, bob, carol) = (ends[0], ends[1], ends[2])
    let keys = [
      key(), key(realm: try TestKDC(seed: "another").realm), key(purpose: .service),
      key(purpose: .deposit), key(bob, alice), key(ephemeral: 1), key(sessionKey: 6),
      [UInt8](repeating: 5, count: 32),
      key(PeerEnd(name: carol.name, identity: alice.identity, loginKey: alice.loginKey)),
      key(PeerEnd(name: alice.name, identity: carol.identity, loginKey: alice.loginKey)),
      key(PeerEnd(name: alice.name, identity: alice.identity, loginKey: carol.loginKey)),
      key(nil, PeerEnd(name: carol.name, identity: bob.identity, loginKey: bob.loginKey)),
      key(nil, PeerEnd(name: bob.name, identity: carol.identity, loginKey: bob.loginKey)),
      key(nil, PeerEnd(name: bob.name, identity: bob.identity, loginKey: carol.loginKey)),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { $0.count == 32 })
    #expect(key() == keys[0])
  }
}
