import Cryptography
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// Who is let in at a first meeting.
@Suite struct NewPeersTests {
  private func peer(isPinned: Bool) throws -> TrustedPeer {
    TrustedPeer(
      name: try #require(PrincipalName("bob")), identity: realm(5).identity, isPinned: isPinned,
      loginKey: try #require(AgreementPublicKey([UInt8](repeating: 9, count: 32))))
  }

  @Test(arguments: NewPeerPolicy.allCases)
  func whoIsPinnedIsNotNew(_ policy: NewPeerPolicy) throws {
    let person = ScriptedPerson(agrees: false)
    let peers = NewPeers(policy: policy, person: person)
    #expect(try peers.admits(try peer(isPinned: true), in: realm(1)))
    #expect(person.questions.isEmpty)
  }

  @Test func whoHasBeenAgreedToIsNotAskedAbout() throws {
    let person = ScriptedPerson(agrees: true)
    let peers = NewPeers(policy: .ask, person: person)
    let bob = try peer(isPinned: false)
    let another = TrustedPeer(
      name: bob.name, identity: realm(6).identity, isPinned: false, loginKey: bob.loginKey)
    #expect(try peers.admits(bob, in: realm(1)) && peers.admits(bob, in: realm(1)))
    #expect(person.questions.count == 1 && peers.verdict(on: bob) == .admitted)
    #expect(peers.verdict(on: another) == .open)
    #expect(try peers.admits(another, in: realm(1)) && person.questions.count == 2)
  }

  @Test(arguments: [
    (NewPeerPolicy.accept, false, false, true), (.refuse, true, true, false),
    (.ask, true, true, true), (.ask, true, false, false), (.ask, false, true, false),
  ])
  func whoIsNewIsLetInByPolicy(
    _ policy: NewPeerPolicy, isPresent: Bool, agrees: Bool, isAdmitted: Bool
  ) throws {
    let person = ScriptedPerson(isPresent: isPresent, agrees: agrees)
    let peer = try peer(isPinned: false)
    let peers = NewPeers(policy: policy, person: person)
    #expect(try peers.admits(peer, in: realm(1)) == isAdmitted)
    let fingerprint = Fingerprint(of: peer.identity, name: peer.name, realmID: realm(1).id)
    #expect(person.questions.count == (policy == .ask && isPresent ? 1 : 0))
    #expect(person.questions.allSatisfy { $0.contains(fingerprint.description) })
  }
}
