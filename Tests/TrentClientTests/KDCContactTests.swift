import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// First contact with a KDC: pinned and equal, pinned and different, or new.
@Suite struct KDCContactTests {
  private let folder = TemporaryFolder()
  private let kdc: HostAndPort

  init() throws { kdc = try #require(HostAndPort(host: "kdc", port: 7000)) }

  private func options(expected: Realm? = nil, acceptsNew: Bool = false) throws -> KDCOptions {
    KDCOptions(
      target: kdc, expected: expected,
      acceptsNew: acceptsNew)
  }

  private func trust(
    _ announced: Realm, _ options: KDCOptions, _ person: ScriptedPerson
  ) throws(ClientFailure) -> Realm {
    try KDCContact(options, in: folder.state, person: person).trust(
      AnnouncedIdentity(announced), at: kdc)
  }

  private func exitCode(_ body: () throws(ClientFailure) -> Realm) -> Int32 {
    do {
      _ = try body()
      return 0
    } catch { return error.exitCode }
  }

  /// What a KDC shows that has replaced its identity so often.
  private func shown(after count: Int) throws -> (founding: Realm, shown: [AnnouncedIdentity]) {
    var random = SystemRandom()
    let keys = RealmKeys(KDCKeyMaterial.generate(period: 0, random: &random))
    let founding = keys.realm
    var shown: [AnnouncedIdentity] = []
    var former: [VerifyingKey] = []
    for _ in 0..<count {
      former.append(keys.realm.identity)
      let seed = random.secret(32)
      let next = SigningKey(seed: seed).publicKey
      let succession = try #require(keys.succession(by: next, at: Timestamp(milliseconds: 1)))
      let isAdopted = keys.adoptIdentity(seed, succession)
      #expect(isAdopted)
      shown.append(AnnouncedIdentity(keys.realm, after: former))
    }
    return (founding, shown)
  }

  @Test func aPinMovesWithTheIdentityAndNeverBack() throws {
    let (founding, shown) = try shown(after: 3)
    let person = ScriptedPerson(isPresent: false)
    let options = try options()
    let contact = KDCContact(options, in: folder.state, person: person)
    let other = try #require(HostAndPort(host: "other", port: 7000))
    _ = try contact.known.pin(founding, for: other)
    _ = try contact.known.pin(realm(1), for: try #require(HostAndPort(host: "third", port: 1)))
    _ = try contact.known.pin(founding, for: kdc)
    #expect(try contact.trust(shown[1], at: kdc) == shown[1].realm)
    let line = "\(shown[1].realm.word) \(founding.hexadecimalID)"
    #expect(
      contents(folder.path + "/state/known_kdcs")
        == "other:7000 \(line)\nthird:1 \(realm(1).word)\nkdc:7000 \(line)\n")
    #expect(try contact.trust(shown[1], at: kdc) == shown[1].realm)
    #expect(person.said.count == 1 && person.questions.isEmpty)
    for former in [AnnouncedIdentity(founding), shown[0], AnnouncedIdentity(realm(1))] {
      #expect(
        exitCode { () throws(ClientFailure) in try contact.trust(former, at: kdc) }
          == ExitStatus.kdcIdentity.rawValue)
    }
    #expect(try contact.trust(shown[2], at: kdc) == shown[2].realm)
    #expect(try contact.known.pin(of: other)?.realm == shown[2].realm)
  }

  @Test func aWordOfAnyIdentityOfTheKDCWillDo() throws {
    let (founding, shown) = try shown(after: 2)
    for (expected, isTrusted) in [
      (founding, true), (shown[0].realm, true), (shown[1].realm, true), (realm(1), false),
    ] {
      let word = try #require(Realm(word: expected.word))
      let state = TemporaryFolder()
      let contact = KDCContact(
        try options(expected: word), in: state.state, person: ScriptedPerson(isPresent: false))
      let code = exitCode { () throws(ClientFailure) in try contact.trust(shown[1], at: kdc) }
      #expect(code == (isTrusted ? 0 : ExitStatus.kdcIdentity.rawValue))
    }
  }

  @Test func nobodyToAskAndNothingSaidIsARefusal() throws {
    let options = try options()
    let person = ScriptedPerson(isPresent: false)
    do {
      _ = try trust(realm(1), options, person)
      Issue.record("trusted")
    } catch {
      #expect(error.exitCode == ExitStatus.kdcIdentity.rawValue)
      #expect(error.description.contains("--kdc-key"))
      #expect(error.description.contains("--accept-new-kdc"))
      #expect(error.description.contains(realm(1).word))
    }
    #expect(permissions(folder.path + "/state/known_kdcs") == nil)
  }

  @Test func aPersonWhoAgreesIsAskedOnce() throws {
    let options = try options()
    let person = ScriptedPerson(agrees: true)
    #expect(try trust(realm(1), options, person) == realm(1))
    #expect(try trust(realm(1), options, person) == realm(1))
    #expect(
      person.questions == [
        "The KDC at kdc:7000 is new. Its identity is \(realm(1).word). Trust it? [y/N]"
      ])
    #expect(contents(folder.path + "/state/known_kdcs") == "kdc:7000 \(realm(1).word)\n")
  }

  @Test func aPersonWhoDoesNotAgreePinsNothing() throws {
    let options = try options()
    #expect(
      exitCode { () throws(ClientFailure) in try trust(realm(1), options, ScriptedPerson()) } == 4)
    #expect(permissions(folder.path + "/state/known_kdcs") == nil)
  }

  @Test func theNamedKeyPinsWithoutAQuestion() throws {
    let person = ScriptedPerson()
    #expect(try trust(realm(1), try options(expected: realm(1)), person) == realm(1))
    #expect(person.questions.isEmpty)
  }

  @Test func anotherKeyThanTheNamedOneIsRefused() throws {
    let options = try options(expected: realm(2), acceptsNew: true)
    let person = ScriptedPerson(agrees: true)
    #expect(exitCode { () throws(ClientFailure) in try trust(realm(1), options, person) } == 4)
    #expect(person.questions.isEmpty)
  }

  @Test func anUnknownOneIsAcceptedUnseenAndSaid() throws {
    let person = ScriptedPerson(isPresent: false)
    #expect(try trust(realm(1), try options(acceptsNew: true), person) == realm(1))
    #expect(person.said.contains { $0.contains(realm(1).word) })
  }

  /// Neither option speaks for a changed one.
  @Test(arguments: [false, true])
  func aChangedOneIsAlwaysRefused(named: Bool) throws {
    let person = ScriptedPerson(agrees: true)
    _ = try trust(realm(1), try options(acceptsNew: true), person)
    let options = try options(expected: named ? realm(2) : nil, acceptsNew: true)
    do {
      _ = try trust(realm(2), options, person)
      Issue.record("trusted")
    } catch {
      #expect(error.exitCode == ExitStatus.kdcIdentity.rawValue)
      #expect(error.description.contains("remove line 1 of \(folder.path)/state/known_kdcs"))
    }
    #expect(person.questions.isEmpty)
  }
}
