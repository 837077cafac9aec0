import KeyDistribution
import Testing

@testable import TrentClient

/// First contact with a KDC: pinned and equal, pinned and different, or new.
@Suite struct KDCContactTests {
  private let folder = TemporaryFolder()

  private func options(expected: Realm? = nil, acceptsNew: Bool = false) throws -> KDCOptions {
    KDCOptions(
      target: try #require(HostAndPort(host: "kdc", port: 7000)), expected: expected,
      acceptsNew: acceptsNew)
  }

  private func trust(
    _ announced: Realm, _ options: KDCOptions, _ person: ScriptedPerson
  ) throws(ClientFailure) -> Realm {
    try KDCContact(options, in: folder.state, person: person).trust(announced)
  }

  private func exitCode(_ body: () throws(ClientFailure) -> Realm) -> Int32 {
    do {
      _ = try body()
      return 0
    } catch { return error.exitCode }
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
