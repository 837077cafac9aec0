import Cryptography
import DurableFiles
import Glibc
import SecretMemory
import SystemClock
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// A login that nobody granted, for files and clocks.
func credential(
  _ name: String = "alice", in realm: Realm = realm(1), grantedAt: Timestamp = SystemClock.now,
  lasting lifetime: Interval = .hours(10)
) throws -> Credential {
  let name = try #require(PrincipalName(name))
  let identity = SigningKey(seed: SecretBytes(copying: [UInt8](repeating: 2, count: 32).bytes))
  var random = SystemRandom()
  let loginKey = AgreementKey(privateKey: random.secret(AgreementKey.byteCount))
  let signed = SignedLoginKey(
    key: loginKey.publicKey, issued: grantedAt, expires: grantedAt + lifetime, keyVersion: 1,
    owner: name, realm: realm, identity: identity)
  return Credential(
    realm: realm, name: name, identity: identity.publicKey, end: grantedAt + lifetime,
    grantedAt: grantedAt, observed: try #require(NetworkAddress(ip: [127, 0, 0, 1], port: 1)),
    loginKey: loginKey, signed: signed, ticketKey: random.secret(32),
    requestKey: random.secret(32), ticket: random.bytes(TicketGrantingTicket.byteCount))
}

@Suite struct CredentialCacheTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson()

  private func cache(_ name: String = "alice", in realm: Realm = realm(1)) throws
    -> CredentialCache
  {
    CredentialCache(
      of: try #require(PrincipalName(name)), in: realm.hexadecimalID, state: folder.state,
      person: person)
  }

  private func isThere(_ cache: CredentialCache) throws -> Bool {
    switch try cache.load() {
    case .some: true
    case .none: false
    }
  }

  @Test func whatIsSavedIsLoadedAndForItsOwnerAlone() throws {
    let cache = try cache()
    #expect(try !isThere(cache))
    #expect(permissions(folder.state.path) == nil)
    let saved = try credential()
    try cache.save(saved)
    #expect(permissions(cache.path) == 0o600)
    #expect(permissions(parentFolder(of: cache.path)) == 0o700)
    let isSame =
      switch try cache.load() {
      case .some(let loaded):
        equalInConstantTime(
          CachedCredential.encode(loaded).bytes, CachedCredential.encode(saved).bytes)
      case .none: false
      }
    #expect(isSame)
    #expect(person.said.isEmpty)
  }

  @Test func namesAndRealmsAreSideBySide() throws {
    for (name, seed) in [("alice", UInt8(1)), ("bob", 1), ("alice", 2)] {
      try cache(name, in: realm(seed)).save(try credential(name, in: realm(seed)))
    }
    let all = try CredentialCache.all(in: folder.state, person: person)
    #expect(all.count == 3)
    #expect(all.filter { $0.name.description == "alice" }.count == 2)
    try cache("alice", in: realm(2)).remove()
    #expect(try isThere(cache()))
    #expect(try isThere(cache("bob")))
    #expect(try !isThere(cache("alice", in: realm(2))))
  }

  @Test func aDamagedOneIsToldAndRemoved() throws {
    let cache = try cache()
    try cache.save(try credential())
    _ = folder.write(
      "damaged", to: "state/credentials/\(realm(1).hexadecimalID)/alice")
    #expect(try !isThere(cache))
    #expect(person.said.count == 1)
    #expect(permissions(cache.path) == nil)
    #expect(try !isThere(cache))
    #expect(person.said.count == 1)
  }

  /// A file that was put in the place of another user's, or another KDC's, is not used.
  @Test(arguments: [false, true]) func aForeignOneIsRemoved(isOtherRealm: Bool) throws {
    let source = try cache()
    let target =
      try isOtherRealm ? cache("alice", in: realm(2)) : cache("bob")
    try target.save(try credential())
    #expect(try !isThere(target))
    #expect(permissions(target.path) == nil)
    #expect(try !isThere(source))
  }

  @Test func oneThatOthersMayReadIsToldEachTime() throws {
    let cache = try cache()
    try cache.save(try credential())
    #expect(unsafe chmod(cache.path, 0o644) == 0)
    #expect(try isThere(cache))
    #expect(person.said.first?.contains("chmod 600") == true)
  }

  @Test func removingLeavesNothingInTheFile() throws {
    let cache = try cache()
    try cache.save(try credential())
    let witness = folder.path + "/witness"
    #expect(unsafe link(cache.path, witness) == 0)
    #expect(try cache.remove())
    #expect(permissions(cache.path) == nil)
    #expect(contents(witness).utf8.allSatisfy { $0 == 0 })
    #expect(contents(witness).utf8.count == CachedCredential.byteCount)
    #expect(try !cache.remove())
  }

  @Test func aDeadLoginDoesNotTakeItsSuccessorAlong() throws {
    let cache = try cache()
    let dead = try credential(grantedAt: Timestamp(milliseconds: 1))
    try cache.save(try credential(grantedAt: Timestamp(milliseconds: 2)))
    try cache.remove(dead)
    #expect(try isThere(cache))
    try cache.save(dead)
    try cache.remove(dead)
    #expect(try !isThere(cache))
  }

  @Test func readersAndWritersDoNotDisturbEachOther() async throws {
    let state = folder.state
    try cache().save(try credential())
    let failures = await withTaskGroup(of: Int.self) { group in
      for number in 0..<4 {
        group.addTask {
          guard let name = PrincipalName("alice") else { return 1 }
          let person = ScriptedPerson()
          let cache = CredentialCache(
            of: name, in: realm(1).hexadecimalID, state: state, person: person)
          var failures = 0
          for _ in 0..<20 {
            do {
              if number == 0 {
                try cache.save(try credential())
              } else if case .none = try cache.load() {
                failures += 1
              }
            } catch {
              failures += 1
            }
          }
          return failures + person.said.count
        }
      }
      return await group.reduce(0, +)
    }
    #expect(failures == 0)
  }
}
