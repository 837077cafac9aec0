import Cryptography
import Glibc
import Synchronization
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// What the programs remember, in files that several of them share.
@Suite struct StateFileTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson()

  private func peer(_ name: String, _ key: UInt8) throws -> TrustedPeer {
    TrustedPeer(
      name: try #require(PrincipalName(name)), identity: realm(key).identity, isPinned: false,
      loginKey: try #require(AgreementPublicKey([UInt8](repeating: 9, count: 32))))
  }

  @Test func filesAndFoldersAreForTheirOwnerAlone() throws {
    let known = KnownKDCs(in: folder.state, person: person)
    _ = try known.pin(realm(1), for: try #require(HostAndPort(host: "::1", port: 1)))
    #expect(permissions(known.path) == 0o600)
    #expect(permissions(folder.state.path) == 0o700)
  }

  @Test func damagedLinesAreReportedIgnoredAndKept() throws {
    let known = KnownKDCs(in: folder.state, person: person)
    let host = try #require(HostAndPort(host: "kdc", port: 1))
    let other = try #require(HostAndPort(host: "other", port: 1))
    _ = try known.pin(realm(1), for: host)
    let damaged = "kdc:2 trent1nonsense\n\u{FFFD}\u{1B}[2J\n\n# a remark\n"
    _ = folder.write(damaged + contents(known.path), to: "state/known_kdcs")
    let pin = try #require(try known.pin(of: host))
    #expect(pin.realm == realm(1))
    #expect(pin.line == 5)
    #expect(person.said.count == 2)
    #expect(
      person.said.allSatisfy { $0.hasPrefix("line ") && $0.hasSuffix(" damaged and ignored") })
    _ = try known.pin(realm(2), for: other)
    #expect(contents(known.path).hasPrefix(damaged))
    #expect(try known.pin(of: other)?.realm == realm(2))
  }

  @Test func anExistingPinOfAKDCStays() throws {
    let known = KnownKDCs(in: folder.state, person: person)
    let host = try #require(HostAndPort(host: "kdc", port: 1))
    _ = try known.pin(realm(1), for: host)
    #expect(try known.pin(realm(2), for: host).realm == realm(1))
    #expect(try known.pin(of: host)?.realm == realm(1))
  }

  @Test func peersArePinnedPerRealm() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    let bob = try peer("bob", 5)
    try peers.pin(bob, in: realm(1), telling: person)
    #expect(person.said.count == 1)
    #expect(person.said.first?.hasPrefix("first contact with bob, fingerprint ") == true)
    #expect(try peers.pin(of: bob.name, in: realm(1))?.identity == bob.identity)
    #expect(try peers.pin(of: bob.name, in: realm(2)) == nil)
    try peers.pin(bob, in: realm(1), telling: person)
    #expect(person.said.count == 1)
    let words = contents(peers.path).split(whereSeparator: \.isWhitespace)
    #expect(words.count == 4)
    #expect(words.last?.count == "2026-01-01T00:00:00.000Z".count)
  }

  /// A file that is too long is not read again, and without pins nobody is let in.
  @Test func aPinIsRefusedRatherThanThatTheFileCannotBeReadAnyMore() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    let bob = try peer("bob", 5)
    #expect(try peers.hasRoom(for: bob, in: realm(1)))
    try peers.pin(bob, in: realm(1), telling: person)
    let line = contents(peers.path)
    let room = LineFile.byteLimit - line.utf8.count
    _ = folder.write(
      line + String(repeating: "#" + String(repeating: "x", count: 98) + "\n", count: room / 100),
      to: "state/known_peers")
    let before = contents(peers.path)
    let carol = try peer("carol", 6)
    #expect(try !peers.hasRoom(for: carol, in: realm(1)))
    #expect(throws: ClientFailure.self) {
      try peers.pin(carol, in: realm(1), telling: person)
    }
    #expect(contents(peers.path) == before)
    #expect(try peers.pin(of: bob.name, in: realm(1))?.identity == bob.identity)
  }

  @Test func pinsThatOthersChangeAreSeen() throws {
    let (peers, others) = (
      KnownPeers(in: folder.state, person: person), KnownPeers(in: folder.state, person: person)
    )
    let bob = try peer("bob", 5)
    #expect(try peers.pin(of: bob.name, in: realm(1)) == nil)
    try others.pin(bob, in: realm(1), telling: person)
    #expect(try peers.pin(of: bob.name, in: realm(1))?.identity == bob.identity)
    try others.remove(try #require(try others.all().first))
    #expect(try peers.pin(of: bob.name, in: realm(1)) == nil)
  }

  /// A pin that cannot be read must not count as none: the KDC's word alone would then do.
  @Test func aDamagedPinIsNotTakenForNone() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    let bob = try peer("bob", 5)
    try peers.pin(bob, in: realm(1), telling: person)
    _ = folder.write("\(realm(1).hexadecimalID) bob damaged\n", to: "state/known_peers")
    #expect(throws: ClientFailure.self) { _ = try peers.pin(of: bob.name, in: realm(1)) }
    #expect(throws: PeerFailure.pinsUnreadable) {
      _ = try peers.identity(of: bob.name, in: realm(1))
    }
    let carol = try peer("carol", 6)
    #expect(try peers.pin(of: carol.name, in: realm(1)) == nil)
  }

  /// A carriage return and a newline are one `Character`: lines must not disappear in it.
  @Test func pinsCountWhateverEndsTheirLines() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    let (bob, carol) = (try peer("bob", 5), try peer("carol", 6))
    for peer in [bob, carol] { try peers.pin(peer, in: realm(1), telling: person) }
    let text = contents(peers.path).split(separator: "\n").map { $0 + "\r\n" }.joined()
    _ = folder.write(text, to: "state/known_peers")
    #expect(try peers.pin(of: bob.name, in: realm(1))?.identity == bob.identity)
    #expect(try peers.pin(of: carol.name, in: realm(1))?.identity == carol.identity)
  }

  /// Found by StateFuzz: each use of the file took one of several carriage returns away.
  @Test func pinsStayAsTheyAreWhenTheFileIsRewritten() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    for peer in [try peer("bob", 5), try peer("carol", 6)] {
      try peers.pin(peer, in: realm(1), telling: person)
    }
    let text = contents(peers.path).dropLast() + "\r\r\r"
    _ = folder.write(String(text), to: "state/known_peers")
    let before = try peers.all()
    try peers.pin(try peer("bob", 5), in: realm(1), telling: person)
    #expect(try peers.all() == before)
  }

  @Test func aPeerThatWasPinnedDifferentlyInTheMeantimeIsRefused() throws {
    let peers = KnownPeers(in: folder.state, person: person)
    try peers.pin(try peer("bob", 5), in: realm(1), telling: person)
    let other = try peer("bob", 6)
    #expect(throws: ClientFailure.self) {
      try peers.pin(other, in: realm(1), telling: person)
    }
    #expect(try peers.pin(of: other.name, in: realm(1))?.identity == realm(5).identity)
  }

  /// Writers with files of their own, as processes have, must not lose each other's lines.
  @Test func concurrentProgramsLoseNothing() async throws {
    let state = folder.state
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          let known = KnownKDCs(in: state, person: ScriptedPerson())
          for number in 0..<8 {
            guard let host = HostAndPort(host: "host-\(writer)-\(number)", port: 1) else {
              continue
            }
            _ = try? known.pin(realm(1), for: host)
          }
        }
      }
    }
    #expect(contents(state.path + "/known_kdcs").split(separator: "\n").count == 32)
  }
}
