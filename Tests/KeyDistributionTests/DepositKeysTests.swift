import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("What a receiver keeps of a login that opens deposits")
struct DepositKeysTests {
  private static let seed = [UInt8](repeating: 0x5e, count: 32)

  private static func storageKey(
    _ seed: [UInt8] = seed, name: String = "bob", realm: Realm
  ) throws -> DepositStorageKey {
    DepositStorageKey(
      identitySeed: SecretBytes(copying: seed.bytes), name: try principal(name), realm: realm)
  }

  private func kept(_ kdc: TestKDC) throws -> DepositKeys {
    DepositKeys(of: try kdc.member("bob"))
  }

  private func failure(
    on file: [UInt8], _ seed: [UInt8] = seed, name: String = "bob", realm: Realm
  ) throws -> WireError? {
    let key = try Self.storageKey(seed, name: name, realm: realm)
    let name = try principal(name)
    return KeyDistributionTests.failure(WireError.self) {
      _ = try DepositKeys(opening: file.bytes, under: key, name: name, realm: realm)
    }
  }

  @Test("Through the file and back; the head tells which login it is, and until when")
  func roundTrip() throws {
    let kdc = try TestKDC()
    let keys = try kept(kdc)
    let storageKey = try Self.storageKey(realm: kdc.realm)
    let file = keys.file(under: storageKey, random: &kdc.random)
    #expect(file.count == DepositKeys.byteCount)
    let head = try DepositKeys.Head(file.bytes)
    let (publicKey, expires) = (keys.publicKey, keys.expires)
    #expect(head.publicKey == publicKey && head.expires == expires)
    let again = try DepositKeys(
      opening: file.bytes, under: storageKey.duplicate(), name: keys.name, realm: kdc.realm)
    let (signed, identity) = (again.signed, again.identity)
    #expect(signed == keys.signed)
    #expect(identity == SigningKey(seed: SecretBytes(copying: Self.seed.bytes)).publicKey)
    let isSame = equalInConstantTime(
      again.ticketKey.secretBytes().bytes, keys.ticketKey.secretBytes().bytes)
    #expect(isSame)
    let isSameLoginKey = equalInConstantTime(
      again.loginKey.privateBytes().bytes, keys.loginKey.privateBytes().bytes)
    #expect(isSameLoginKey)
  }

  @Test("Another identity key, name or realm does not open it")
  func wrong() throws {
    let kdc = try TestKDC()
    let file = try kept(kdc).file(
      under: Self.storageKey(realm: kdc.realm), random: &kdc.random)
    #expect(try failure(on: file, realm: kdc.realm) == nil)
    let other = [UInt8](repeating: 1, count: 32)
    #expect(try failure(on: file, other, realm: kdc.realm) == .invalid("seal"))
    #expect(try failure(on: file, name: "carol", realm: kdc.realm) == .invalid("seal"))
    let another = try TestKDC(seed: "another").realm
    #expect(try failure(on: file, realm: another) == .invalid("seal"))
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of the file")
  func bentFiles() throws {
    let kdc = try TestKDC()
    let file = try kept(kdc).file(
      under: Self.storageKey(realm: kdc.realm), random: &kdc.random)
    for bogus in Mutations.all(of: file) {
      #expect(try failure(on: bogus, realm: kdc.realm) != nil)
    }
  }
}
