import Cryptography
import KeyDistribution
import Wire

extension Judge {
  /// A deposit as its sender knows it.
  struct KnownDeposit {
    let sender: Person
    let receiver: PrincipalName
    let file: [UInt8]
    var isCollected = false
  }

  /// A sender has sealed something for somebody who is away (G1).
  func deposited(_ hash: [UInt8], from sender: Person, for peer: TrustedPeer, _ file: [UInt8]) {
    if deposits[hash] != nil { report(.endsDisagree, "two deposits have one hash") }
    let owner =
      acknowledged.first { $0.person.name == peer.name }?.person
      ?? unseen.first { $0.name == peer.name }
    guard owner?.identity.publicKey == peer.identity else {
      return report(.endsDisagree, "\(sender.name) takes somebody else for \(peer.name)")
    }
    deposits[hash] = KnownDeposit(sender: sender, receiver: peer.name, file: file)
  }

  /// A receiver takes a deposit for whole (G3).
  func collected(_ hash: [UInt8], at receiver: Person, from peer: TrustedPeer, _ file: [UInt8]) {
    guard let deposit = deposits[hash], deposit.receiver == receiver.name,
      deposit.sender.name == peer.name, deposit.sender.identity.publicKey == peer.identity
    else { return report(.endsDisagree, "\(receiver.name) takes a deposit of \(peer.name)") }
    if deposit.isCollected {
      report(.depositTakenTwice, "\(peer.name)'s at \(receiver.name)")
    }
    if deposit.file != file { report(.fileDiffers, "\(file.count) bytes at \(receiver.name)") }
    deposits[hash]?.isCollected = true
  }

  /// The KDC issues a ticket for a deposit.
  func issuedForDeposit(_ peer: PrincipalName) {
    guard let version = depositVersions[peer] else {
      return report(.grantedForAbsentPeer, "\(peer), who takes no deposits")
    }
    if isOutdated(version, of: peer, at: world.now, within: staleness) {
      report(.grantedForOldDeposits, "\(peer)")
    }
  }
}
