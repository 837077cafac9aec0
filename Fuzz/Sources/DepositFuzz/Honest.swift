import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution
@testable import Transport
@testable import TrentClient

/// A deposit of Alice's for Bob without a fault, and the device of Bob, who opens it.
enum Honest {
  static let content = World.bytes("content", 40)

  /// Letter, list and the only chunk.
  static let deposit: [UInt8] = {
    let names = ["a", "b"]
    for (name, part) in zip(names, [content.prefix(15), content.dropFirst(15)]) {
      folder.put([UInt8](part), at: name)
    }
    let path = folder.path + "/sealed"
    do {
      var source = try InputSource(.files(names.map { folder.path + "/" + $0 }), telling: Nobody())
      try SealedDeposit.write(
        &source, under: ticket(), by: FuzzSupport.Person.alice.credential, to: path)
      guard let sealed = try SealedDeposit.read(path) else { fatalError("no deposit") }
      var bytes = [UInt8](repeating: 0, count: Int(sealed.byteCount))
      _ = try sealed.read(at: 0, into: &bytes)
      return bytes
    } catch {
      fatalError("no deposit: \(error)")
    }
  }()

  /// Where the first chunk begins.
  static let listEnd: Int = {
    var end = 0
    while deposit[end] != PeerFrameType.lastChunk.rawValue {
      end += 4 + Int(deposit[end + 1]) << 16 + Int(deposit[end + 2]) << 8 + Int(deposit[end + 3])
    }
    return end
  }()

  static func keychain() -> DepositKeychain {
    DepositKeychain(
      owner: FuzzSupport.Person.bob.name, state: state, person: Nobody(), storageKey: storageKey())
  }

  private static func storageKey() -> DepositStorageKey {
    DepositStorageKey(
      identitySeed: World.secret("identity of bob"), name: FuzzSupport.Person.bob.name,
      realm: World.realm)
  }

  /// With the keys of Bob's login.
  private static let state: StateFolder = {
    let bob = FuzzSupport.Person.bob
    let state = StateFolder(path: folder.path + "/state")
    let files = DepositKeyFiles(of: bob.name, in: World.realm, state: state, person: Nobody())
    do {
      try files.save(DepositKeys(of: bob.credential), under: storageKey())
    } catch {
      fatalError("no keys: \(error)")
    }
    return state
  }()

  private static let folder = MemoryFolder()

  /// What the KDC answers.
  private static func ticket() throws -> PeerTickets.Trusted {
    let (alice, bob) = (FuzzSupport.Person.alice, FuzzSupport.Person.bob)
    let ephemeral = AgreementKey(privateKey: World.secret("deposit ephemeral"))
    let ticket = Ticket(
      purpose: .deposit, initiator: alice.name, responder: bob.name,
      sessionKey: World.secret("deposit session key"), ephemeral: ephemeral.publicKey,
      identity: alice.identity.publicKey, certificate: alice.certificate, loginKey: alice.signed,
      issued: World.start, expires: bob.signed.expires, id: [UInt8](repeating: 7, count: 8))
    let claim = PeerClaim(
      name: bob.name, identity: bob.identity.publicKey, certificate: bob.certificate,
      loginKey: bob.signed)
    let peer = try PeerTrust(realm: World.realm, own: alice.name).judge(
      claim, pinned: nil, at: PeerTrust.Clocks(kdc: World.now, own: World.now))
    var random = FuzzRandom(2)
    let grant = SessionGrant(
      peer: bob.name, purpose: .deposit, sessionKey: World.secret("deposit session key"),
      claim: claim, addresses: [],
      ticket: ticket.sealed(
        under: SealingKey(World.secret("fuzz bob ticket-key")), realm: World.realm,
        random: &random))
    return PeerTickets.Trusted(grant: grant, peer: peer, ephemeral: ephemeral)
  }
}
