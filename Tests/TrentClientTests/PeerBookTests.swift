import Cryptography
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// The pinned peers as their user sees them.
@Suite struct PeerBookTests {
  private let folder = TemporaryFolder()
  private let bob = PrincipalName("bob")

  private func pin(_ name: String, _ key: UInt8, in realm: Realm) throws {
    let peers = KnownPeers(in: folder.state, person: ScriptedPerson())
    let peer = TrustedPeer(
      name: try #require(PrincipalName(name)), identity: TrentClientTests.realm(key).identity,
      isPinned: false, loginKey: try #require(AgreementPublicKey([UInt8](repeating: 9, count: 32))))
    try peers.pin(peer, in: realm, telling: ScriptedPerson())
  }

  private func pinKDC(_ realm: Realm, at host: String) throws -> HostAndPort {
    let target = try #require(HostAndPort(host: host, port: 1))
    _ = try KnownKDCs(in: folder.state, person: ScriptedPerson()).pin(realm, for: target)
    return target
  }

  private func fingerprint(_ name: PrincipalName, _ key: UInt8, in realm: Realm) -> Fingerprint {
    Fingerprint(of: TrentClientTests.realm(key).identity, name: name, realmID: realm.id)
  }

  private func book(_ person: ScriptedPerson = ScriptedPerson()) -> PeerBook {
    PeerBook(in: folder.state, person: person)
  }

  private func exitCode(_ body: () throws -> Void) -> Int32? {
    do { try body() } catch { return (error as? ClientFailure)?.exitCode }
    return nil
  }

  private var lines: [Substring] {
    contents(folder.state.path + "/known_peers").split(separator: "\n")
  }

  @Test func linesOfBothFormsAreRead() throws {
    try pin("bob", 5, in: realm(1))
    let old = try #require(lines.first.map(String.init))
    var peer = try #require(KnownPeer(line: old))
    #expect(peer.line == old)
    #expect(!peer.isVerified)
    peer.isVerified = true
    #expect(peer.line == old + " verified")
    #expect(KnownPeer(line: old + " verified") == peer)
    for damaged in [old + " trusted", old + " verified more", "x" + old.dropFirst()] {
      #expect(KnownPeer(line: damaged) == nil)
    }
  }

  @Test func theListSaysWhoAndWhere() throws {
    _ = try pinKDC(realm(1), at: "kdc")
    _ = try pinKDC(realm(1), at: "other")
    try pin("bob", 5, in: realm(1))
    try pin("caroline", 6, in: realm(2))
    let bob = try #require(bob)
    let list = try book().list()
    #expect(list.count == 2)
    let words = list[0].split(separator: " ")
    #expect(words[0...1] == ["bob", "kdc:1,other:1"])
    #expect(words[2] == fingerprint(bob, 5, in: realm(1)).description)
    #expect(words.last == "unverified")
    #expect(list[1].contains("realm:\(realm(2).hexadecimalID.prefix(16))"))
  }

  @Test func verifyingComparesAndIsKept() throws {
    let bob = try #require(bob)
    try pin("bob", 5, in: realm(1))
    let right = fingerprint(bob, 5, in: realm(1))
    let wrong = fingerprint(bob, 6, in: realm(1))
    #expect(exitCode { try book().verify(bob, .only, told: wrong) } == 10)
    #expect(lines[0].hasSuffix("Z"))
    let no = ScriptedPerson(agrees: false)
    #expect(exitCode { try book(no).verify(bob, .only, told: nil) } == 10)
    #expect(no.said.contains { $0.contains(right.description) })
    let nobody = ScriptedPerson(isPresent: false)
    #expect(exitCode { try book(nobody).verify(bob, .only, told: nil) } == 64)
    #expect(lines[0].hasSuffix("Z"))

    let yes = ScriptedPerson(agrees: true)
    try book(yes).verify(bob, .only, told: nil)
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix(" verified"))
    // Meeting again, and verifying again, leave the mark.
    try pin("bob", 5, in: realm(1))
    try book().verify(bob, .only, told: right)
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix("Z verified"))
    let known = KnownPeers(in: folder.state, person: ScriptedPerson())
    #expect(try known.pin(of: bob, in: realm(1))?.identity == realm(5).identity)
  }

  @Test func forgettingTakesAnAnswer() throws {
    let bob = try #require(bob)
    try pin("bob", 5, in: realm(1))
    try pin("carol", 6, in: realm(1))
    let no = ScriptedPerson(agrees: false)
    #expect(exitCode { try book(no).forget(bob, .only, isSure: false) } == 1)
    let nobody = ScriptedPerson(isPresent: false)
    #expect(exitCode { try book(nobody).forget(bob, .only, isSure: false) } == 64)
    #expect(lines.count == 2)
    try book(nobody).forget(bob, .only, isSure: true)
    #expect(lines.count == 1)
    #expect(lines[0].contains(" carol "))
    #expect(exitCode { try book(nobody).forget(bob, .only, isSure: true) } == 1)
  }

  @Test func aNameOfSeveralRealmsHasToBeChosen() throws {
    let bob = try #require(bob)
    let first = try pinKDC(realm(1), at: "first")
    try pin("bob", 5, in: realm(1))
    try pin("bob", 6, in: realm(2))
    do {
      try book().forget(bob, .only, isSure: true)
      Issue.record("forgot one of two")
    } catch {
      #expect(error.exitCode == 64)
      #expect(error.description.contains("first:1"))
      #expect(error.description.contains(realm(2).hexadecimalID.prefix(16)))
    }
    let unknown = try #require(HostAndPort(host: "unknown", port: 1))
    #expect(exitCode { try book().forget(bob, .kdc(KDCTarget(unknown)), isSure: true) } == 4)
    #expect(exitCode { try book().forget(bob, .realm(realm(3)), isSure: true) } == 1)
    #expect(lines.count == 2)
    try book().forget(bob, .kdc(KDCTarget(first)), isSure: true)
    #expect(lines.count == 1)
    try book().forget(bob, .realm(realm(2)), isSure: true)
    #expect(lines.isEmpty)
  }
}
