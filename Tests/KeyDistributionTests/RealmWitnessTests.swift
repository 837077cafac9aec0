import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("3.7: the witness by which a KDC with other keys than the store's is found out")
struct RealmWitnessTests {
  @Test("It is of the keys that have made it, and of nobody else's")
  func present() throws {
    let kdc = try TestKDC()
    let witness = kdc.center.keys.witness(random: &kdc.random)
    #expect(kdc.center.keys.judge(witness) == .present)
    let other = try TestKDC(seed: "another")
    #expect(other.center.keys.judge(witness) == .unknown)
    #expect(witness.sealed.count == UserRecord.sealedDigestByteCount)
  }

  @Test("Another storage key: the one before opens until it is forgotten, and never the other way")
  func storageKey() throws {
    let kdc = try TestKDC()
    let old = try TestKDC()
    let before = kdc.center.keys.witness(random: &kdc.random)
    #expect(old.center.keys.judge(before) == .present)
    kdc.center.keys.adoptStorageKey(kdc.random.secret(32))
    #expect(kdc.center.keys.judge(before) == .former)
    let after = kdc.center.keys.witness(random: &kdc.random)
    kdc.center.keys.forgetFormerStorageKey()
    #expect(kdc.center.keys.judge(before) == .unknown)
    #expect(kdc.center.keys.judge(after) == .present)
    #expect(old.center.keys.judge(after) == .unknown)
  }

  @Test("Another identity: who has followed knows the one before, who has not knows no later one")
  func identity() throws {
    let kdc = try TestKDC()
    let old = try TestKDC()
    let before = kdc.center.keys.witness(random: &kdc.random)
    _ = try kdc.replaceIdentity()
    let after = kdc.center.keys.witness(random: &kdc.random)
    #expect(kdc.center.keys.judge(before) == .former)
    #expect(kdc.center.keys.judge(after) == .present)
    #expect(old.center.keys.judge(after) == .unknown)
  }

  @Test("What is no witness is of nobody's keys", arguments: [0, 31, 59, 61])
  func bent(count: Int) throws {
    let kdc = try TestKDC()
    let witness = kdc.center.keys.witness(random: &kdc.random)
    let bytes = [UInt8](repeating: 7, count: count)
    let others = [
      RealmWitness(identity: witness.identity, sealed: bytes),
      RealmWitness(identity: bytes, sealed: witness.sealed),
    ]
    for other in others { #expect(kdc.center.keys.judge(other) == .unknown) }
  }
}
