import Cryptography
import KeyDistribution
import SecretMemory
import Wire

@testable import TrentClient

/// What a person's programs keep on a disk, by their own code: pins, the keys of logins that open
/// deposits, and what was taken with them.
final class Device {
  let disk: SimulatedDisk
  private let name: PrincipalName
  private let realm: Realm
  /// Nil while no program runs.
  private var peers: KnownPeers?
  private var deposits: DepositKeyFiles?
  private let storageKey: DepositStorageKey

  init(_ world: World, index: Int, name: PrincipalName, identitySeed: borrowing SecretBytes) {
    self.name = name
    realm = world.realmKeys.realm
    storageKey = DepositStorageKey(identitySeed: identitySeed, name: name, realm: realm)
    let forgotten: String? =
      switch world.plant {
      case .deviceForgetsToSync: ""
      case .deviceForgetsTaken: "~taken"
      default: nil
      }
    disk = SimulatedDisk(
      random: SeededRandom(seed: world.seed, stream: 100 + UInt64(index)), forgetting: forgotten)
    open()
  }

  /// A program begins.
  func open() {
    let state = StateFolder(path: disk.path)
    peers = KnownPeers(in: state, person: Nobody())
    deposits = DepositKeyFiles(of: name, in: realm, state: state, person: Nobody())
  }

  /// Every program has come to its end; others begin.
  func restart(after death: SimulatedDisk.Death) {
    disk.die()
    (peers, deposits) = (nil, nil)
    disk.restart(after: death)
    open()
  }

  // MARK: Pins

  func pin(of peer: PrincipalName) throws(PeerFailure) -> VerifyingKey? {
    guard let peers else { throw .pinsUnreadable }
    return try peers.identity(of: peer, in: realm)
  }

  /// - Returns: whether it is on the disk now, or was.
  func pin(_ peer: TrustedPeer) -> Bool {
    guard let peers else { return false }
    do {
      try peers.pin(peer, in: realm, telling: Nobody())
      return true
    } catch {
      return false
    }
  }

  // MARK: Deposits

  /// B1.
  func save(_ keys: borrowing DepositKeys) throws { try deposits?.save(keys, under: storageKey) }

  func keys(of login: AgreementPublicKey) -> DepositKeys? {
    do { return try deposits?.load(login, under: storageKey) } catch { return nil }
  }

  func isTaken(_ tag: DepositTag, for login: AgreementPublicKey) throws(PeerFailure) -> Bool {
    do {
      return try deposits?.isTaken(tag, for: login) ?? false
    } catch {
      throw .replayed
    }
  }

  /// G3.
  func remember(_ tag: DepositTag, for login: AgreementPublicKey) throws {
    try deposits?.remember(tag, for: login)
  }
}
