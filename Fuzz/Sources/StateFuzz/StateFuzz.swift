import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution
@testable import TrentClient

private typealias Person = FuzzSupport.Person

/// What a client keeps on its device: known_kdcs, known_peers and clocks, kept logins, identities;
/// and fingerprints as people type them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 10 {
  case 0: peers(input.remainder())
  case 1: peers(Template.peers.mutated(by: &input))
  case 2: centers(input.remainder())
  case 3: centers(Template.centers.mutated(by: &input))
  case 4: clocks(input.remainder())
  case 5: clocks(Template.clocks.mutated(by: &input))
  case 6: login(input.remainder())
  case 7: login(summed(Template.login.dropLast(SHA256.byteCount).mutated(by: &input)))
  case 8: identity(Template.identity.mutated(by: &input))
  default: fingerprint(input.remainder())
  }
  return 0
}

private enum Template {
  static let name = Person.bob.name
  static let target = HostAndPort("kdc.example:7000", defaultPort: 1)
  /// A line of each file, of a right form.
  static let peer = KnownPeer(trusted(Person.bob), in: World.realm, firstSeen: "2026-01-01")
  static let peers = text(["# met", peer.line, peer.line.replacing("bob", "carol") + " verified"])
  /// Pinned with another identity than its founding key, beside one that has that.
  static let replaced = Realm(
    identity: Person.alice.identity.publicKey, foundedBy: World.realm.identity)
  static let centers = text([
    "other.example:7000 \(World.realm.word)",
    "kdc.example:7000 \(replaced.word) \(replaced.hexadecimalID)",
  ])
  static let clocks = text(["\(World.realm.hexadecimalID) boot -1234567"])
  static let login = [UInt8](CachedCredential.encode(Person.alice.credential).bytes)
  static let passphrase: AccountSecret = {
    let phrase = SecretBytes(copying: [UInt8]("a passphrase".utf8).bytes)
    guard
      let secret = try? AccountSecret(
        passphrase: phrase, parameters: .passphrase, salt: World.bytes("salt", 16))
    else { fatalError("no secret") }
    return secret
  }()
  static let identity: [UInt8] = {
    var random = FuzzRandom(3)
    return SealedIdentity(
      seed: World.secret("identity of alice"), secret: passphrase, name: Person.alice.name,
      realm: World.realm, random: &random
    ).file
  }()

  private static func text(_ lines: [String]) -> [UInt8] {
    [UInt8](lines.map { $0 + "\n" }.joined().utf8)
  }
}

extension String {
  fileprivate func replacing(_ word: String, _ other: String) -> String {
    split(separator: " ").map { $0 == word ? other[...] : $0 }.joined(separator: " ")
  }
}

/// A peer that has been judged, without a pin.
private func trusted(_ person: Person) -> TrustedPeer {
  TrustedPeer(
    name: person.name, identity: person.identity.publicKey, isPinned: false,
    loginKey: person.loginKey.publicKey)
}

/// A person who is not there; what is said is made, to see that it can be.
private struct Nobody: TrentClient.Person {
  var isPresent: Bool { false }
  func agrees(to question: String) throws(ClientFailure) -> Bool { false }
  func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    throw ClientFailure(.other, prompt)
  }
  func say(_ line: String) { expect(!line.isEmpty, "what is said is something") }
  func explain(_ detail: @autoclosure () -> String) { _ = detail() }
}

/// A state folder in memory.
private enum Files {
  private static let folder = MemoryFolder()

  static func state(_ name: String, _ bytes: [UInt8]) -> StateFolder {
    folder.put(bytes, at: name)
    return StateFolder(path: folder.path)
  }
}

/// A pin is read, or made, or nothing happens: never is one overlooked or written over.
private func peers(_ bytes: [UInt8]) {
  let file = KnownPeers(in: Files.state("known_peers", bytes), person: Nobody())
  guard let before = try? file.all() else { return }
  for peer in before {
    expect(KnownPeer(line: peer.line) == peer, "a pin is written as it is read")
    expect(Fingerprint(peer.fingerprint.description) == peer.fingerprint, "a fingerprint is read")
  }
  guard let pin = try? file.pin(of: Template.name, in: World.realm) else { return pinNew(file) }
  let first = before.first { $0.realm == Template.peer.realm && $0.name == Template.name }
  expect(pin.identity == first?.identity, "the first pin of a name counts")
  let isSame = pin.identity == Template.peer.identity
  let isTaken =
    (try? file.pin(trusted(Person.bob), in: World.realm, telling: Nobody())) != nil
  expect(isTaken == isSame, "another key is not pinned in the place of one")
  expect(try? file.all(), before, "and nothing has changed")
}

private func pinNew(_ file: KnownPeers) {
  // A damaged line that may be about the name is no reason to pin anew.
  guard let found = try? file.all(named: Template.name) else { return }
  let others = found.filter { $0.realm == Template.peer.realm }
  expect(others.isEmpty, "a pin is found by its name")
  let before = try? file.all()
  guard (try? file.pin(trusted(Person.bob), in: World.realm, telling: Nobody())) != nil else {
    return
  }
  let pinned = try? file.pin(of: Template.name, in: World.realm)
  expect(pinned?.identity == Template.peer.identity, "what was pinned is found")
  guard let mine = try? file.all().last else { fatalError("broken: a new pin is the last") }
  guard (try? file.markVerified(mine)) != nil, (try? file.remove(mine)) != nil else {
    fatalError("broken: a pin can be verified and removed")
  }
  expect(try? file.all(), before, "a forgotten pin leaves the others")
}

private func expect(_ found: [KnownPeer]?, _ expected: [KnownPeer]?, _ property: StaticString) {
  FuzzSupport.expect(found == expected, property)
}

private func centers(_ bytes: [UInt8]) {
  guard let target = Template.target else { fatalError("no target") }
  let file = KnownKDCs(in: Files.state("known_kdcs", bytes), person: Nobody())
  guard let before = try? file.pin(of: target) else {
    // None, or a damaged line with its name.
    guard (try? file.all()) != nil, let isNew = try? file.pin(of: target) == nil, isNew else {
      return
    }
    let made = try? file.pin(World.realm, for: target)
    expect(made?.realm == World.realm, "a new KDC is pinned")
    expect((try? file.pin(of: target))?.realm == World.realm, "and found again")
    return
  }
  let other = Realm(identity: Person.bob.identity.publicKey)
  let kept = try? file.pin(other, for: target)
  expect(kept?.realm == before.realm, "a pinned KDC is not written over")
  let found = try? file.pin(of: target)
  expect(found?.line == before.line, "and stays where it is")
  expect(found?.realm.id == before.realm.id, "in the realm that it is of")
  _ = try? file.places(ofRealm: before.realm.hexadecimalID)
}

private func clocks(_ bytes: [UInt8]) {
  let state = Files.state("clocks", bytes)
  let file = ClockFile(in: state, person: Nobody(), bootID: "boot")
  if let clock = try? file.clock(of: World.realm) { _ = clock.time(bootTime: .max) }
  var clock = KDCClock()
  clock.set(to: World.now, bootTime: 12_345)
  guard (try? file.save(clock, of: World.realm)) != nil else { return }
  guard let saved = try? file.clock(of: World.realm).offset, let offset = clock.offset else {
    fatalError("broken: a saved clock is found")
  }
  expect((saved - offset).magnitude < 500, "the clock that was saved is found, about")
}

private func summed(_ content: [UInt8]) -> [UInt8] { content + SHA256.hash(content.bytes) }

private func login(_ bytes: [UInt8]) {
  guard let login = try? CachedCredential.decode(bytes.bytes) else { return }
  let again = [UInt8](CachedCredential.encode(login).bytes)
  expect(again == bytes, "a kept login has one spelling")
  expect(
    (CachedCredential.byteCount...CachedCredential.longestByteCount).contains(bytes.count),
    "and one of four lengths")
  expect(
    login.signed.isSigned(by: login.identity, owner: login.name, realm: login.realm),
    "a login key is its owner's")
  var random = FuzzRandom()
  let asked = login.announce(port: 1, addresses: [], at: World.now, random: &random)
  expect(asked.message.count <= 1232, "a request fits into a datagram")
}

private func identity(_ bytes: [UInt8]) {
  guard let sealed = try? SealedIdentity(bytes.bytes) else { return }
  expect(sealed.file == bytes, "an identity file has one spelling")
  let opened = try? sealed.open(
    with: Template.passphrase, name: Person.alice.name, realm: World.realm)
  expect((opened != nil) == (bytes == Template.identity), "only the honest file opens")
}

private func fingerprint(_ bytes: [UInt8]) {
  guard let read = Fingerprint(String(decoding: bytes, as: UTF8.self)) else { return }
  let text = read.description
  expect(Fingerprint(text) == read, "a fingerprint is read as it is written")
  expect(Fingerprint(text.uppercased().filter { $0 != "-" }) == read, "capitals do not matter")
  expect(text.utf8.count == 29, "six groups of four letters")
}
