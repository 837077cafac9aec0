import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A deposit of alice's for bob, on a tape.
final class TapeDeposit {
  let peers: TapePeers
  private var sealer: DepositSealer
  let letter: [UInt8]

  /// Section `deposit`.
  ///
  /// - Parameter first: the first record, while recording.
  init(
    _ tape: Tape, first: [UInt8] = World.bytes("a first record", 40),
    editTicket: (inout TapeTicket, SignedLoginKey) -> Void = { _, _ in }
  ) throws {
    peers = try TapePeers(
      tape,
      editTicket: { ticket in
        ticket.purpose = .deposit
        ticket.expires = World.start + .hours(11)
        editTicket(&ticket, ticket.loginKey)
      })
    let trusted = try PeerTrust(realm: peers.kdc.realm, own: peers.alice.name).judge(
      peers.claim, pinned: nil, at: peers.clocks)
    let grant = SessionGrant(
      peer: peers.bob.name, purpose: .deposit, sessionKey: secret(peers.sessionKey),
      claim: peers.claim, addresses: [], ticket: peers.ticket)
    try tape.begin("deposit")
    let first = try tape.given("first-record", first)
    let started = try peers.alice.credential.startDeposit(
      grant, for: trusted, ephemeral: AgreementKey(privateKey: secret(peers.ephemeralKey)),
      first: first.bytes)
    let written = started.letter
    try tape.check("prologue", written.prologue(in: peers.kdc.realm))
    letter = written.bytes
    try tape.check("letter", letter)
    sealer = started.sealer
    try tape.check("handshake-hash", sealer.handshakeHash)
  }

  var handshakeHash: [UInt8] { sealer.handshakeHash }

  func seal(_ plaintext: [UInt8]) throws -> [UInt8] { try sealer.seal(plaintext.bytes) }

  /// What bob makes of a letter.
  func open(
    _ letter: [UInt8], known: [DepositTag] = [], own: Timestamp? = nil
  ) throws -> OpenedDeposit {
    try DepositKeys(of: peers.bob.credential).open(
      DepositLetter(letter.bytes), isOpened: { known.contains($0) }, pinned: { _ in nil },
      at: PeerTrust.Clocks(kdc: peers.now, own: own ?? peers.now))
  }
}
