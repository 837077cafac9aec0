import Cryptography
import Glibc
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import TrentClient

@Suite struct KeyFileTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson(isPresent: false)
  private let name: PrincipalName
  private let other: PrincipalName
  private let file: KeyFile
  private let target: HostAndPort

  init() throws {
    name = try #require(PrincipalName("backup"))
    other = try #require(PrincipalName("other"))
    file = KeyFile(path: folder.path + "/key")
    target = try #require(HostAndPort(host: "127.0.0.1", port: 1))
  }

  private func read(_ name: PrincipalName, in realm: Realm) throws -> Bool {
    switch try SecretSource.keyFile(file.path).read(for: name, in: realm, person) {
    case .key: true
    case .passphrase: false
    }
  }

  private func failure(_ body: () throws -> Void) -> ClientFailure? {
    do {
      try body()
      return nil
    } catch {
      return error as? ClientFailure
    }
  }

  @Test func isMadeOnceForItsOwnerAlone() throws {
    #expect(try file.create(name, in: realm(1)))
    #expect(permissions(file.path) == 0o600)
    let first = try file.read(person).file()
    #expect(try !file.create(name, in: realm(1)))
    let second = try file.read(person).file()
    let isSame = equalInConstantTime(first.bytes, second.bytes)
    #expect(isSame)
    #expect(try read(name, in: realm(1)))
    #expect(person.said.isEmpty)
  }

  @Test func anotherNameOrKDCIsRefused() throws {
    #expect(try file.create(name, in: realm(1)))
    #expect(failure { _ = try read(other, in: realm(1)) }?.exitCode == 64)
    #expect(failure { _ = try read(name, in: realm(2)) }?.exitCode == 4)
    let owner = try KeyFileOwner(path: file.path)
    #expect(owner.name == name)
    #expect(owner.realm == realm(1))
  }

  @Test func theFileSaysWhichKDCIsExpected() throws {
    #expect(try file.create(name, in: realm(1)))
    let owner = try KeyFileOwner(path: file.path)
    var kdc = KDCOptions(target: target)
    try owner.choose(&kdc)
    #expect(kdc.expected == realm(1))
    var elsewhere = KDCOptions(target: target, expected: realm(2))
    #expect(throws: ClientFailure.self) { try owner.choose(&elsewhere) }
    let contact = KDCContact(kdc, in: folder.state, person: person)
    #expect(try contact.trust(AnnouncedIdentity(realm(1)), at: target) == realm(1))
    let refusal = failure { _ = try contact.trust(AnnouncedIdentity(realm(2)), at: target) }
    #expect(refusal?.exitCode == 4)
    #expect(refusal?.description.contains(file.path) == true)
  }

  @Test func whoElseMayReadItIsTold() throws {
    #expect(try file.create(name, in: realm(1)))
    #expect(unsafe chmod(file.path, 0o640) == 0)
    #expect(try read(name, in: realm(1)))
    #expect(person.said.contains { $0.contains("chmod 600") && $0.contains(file.path) })
  }

  @Test(arguments: [0, 1, 210, 212, 5000])
  func whatIsNoKeyFileIsToldAndKept(count: Int) throws {
    let text = String(repeating: "x", count: count)
    _ = folder.write(text, to: "key")
    let failure = failure { _ = try read(name, in: realm(1)) }
    #expect(failure?.exitCode == 9)
    #expect(try !file.create(name, in: realm(1)))
    #expect(contents(file.path) == text)
  }

  @Test func noFileIsToldWithWhatMakesOne() {
    let failure = failure { _ = try read(name, in: realm(1)) }
    #expect(failure?.exitCode == 9)
    #expect(failure?.description.contains("client keygen") == true)
  }

  @Test func theIdentityIsTheFilesAndNothingIsKeptElsewhere() throws {
    #expect(try file.create(name, in: realm(1)))
    let key = try file.read(person)
    let material = try SecretSource.keyFile(file.path).read(for: name, in: realm(1), person)
    guard let seed = material.identitySeed() else {
      Issue.record("the identity key is not in the file")
      return
    }
    let isSame = equalInConstantTime(seed.bytes, key.identitySeed.bytes)
    #expect(isSame)
    let identities = OwnIdentities(in: folder.state, person: person)
    let shown = try identities.fingerprint(of: name, .only, .keyFile(file.path))
    let expected = Fingerprint(
      of: SigningKey(seed: key.identitySeed).publicKey, name: name, realmID: realm(1).id)
    #expect(shown == expected)
    let refused = failure {
      _ = try identities.fingerprint(of: other, .only, .keyFile(file.path))
    }
    #expect(refused?.exitCode == 64)
    #expect(permissions(folder.state.path) == nil)
  }

  @Test func removingLeavesNothing() throws {
    #expect(try file.create(name, in: realm(1)))
    let link = folder.path + "/link"
    #expect(unsafe Glibc.link(file.path, link) == 0)
    try file.remove()
    #expect(permissions(file.path) == nil)
    #expect(contents(link).utf8.allSatisfy { $0 == 0 })
  }
}
