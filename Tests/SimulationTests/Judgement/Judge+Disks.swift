import Cryptography
import KeyDistribution
import MailboxService
import Wire

extension Judge {
  /// A deposit that its sender was told is stored.
  struct StoredBytes {
    let receiver: PrincipalName
    let bytes: [UInt8]
    /// Its receiver has said that it is to be deleted.
    var isLetGo = false
  }

  // MARK: Mailbox

  /// A sender has heard that a deposit is stored (V2).
  func stored(_ id: DepositID, for receiver: PrincipalName, _ bytes: [UInt8]) {
    guard storedDeposits[id] == nil else { return }
    storedOrder.append(id)
    storedDeposits[id] = StoredBytes(
      receiver: receiver, bytes: bytes, isLetGo: letGo.contains(id))
    check(id)
  }

  /// A receiver says that a deposit may be deleted (V5).
  func letsGo(of id: DepositID) {
    letGo.insert(id)
    storedDeposits[id]?.isLetGo = true
  }

  /// Whenever a process of the mailbox begins, and at the end: what it said it has is there.
  func checkDeposits() {
    for id in storedOrder { check(id) }
  }

  private func check(_ id: DepositID) {
    guard let deposit = storedDeposits[id], !deposit.isLetGo else { return }
    let isThere = world.mailbox.holds(id, for: deposit.receiver, deposit.bytes)
    if isThere == false {
      report(.depositLost, "\(deposit.bytes.count) bytes for \(deposit.receiver)")
    }
  }

  // MARK: Devices

  /// The KDC has told a person that deposits for this login are taken (B3).
  func opensDeposits(_ login: AgreementPublicKey, _ person: Person) {
    depositLogins[person.name.bytes + [UInt8(person.index)], default: []].append(login)
  }

  /// When programs of a person begin anew, and at the end.
  func checkDevice(of person: Person) {
    guard !person.device.disk.isDead else { return }
    for (peer, identity) in person.pins.sorted(by: { $0.key < $1.key }) {
      let found = try? person.device.pin(of: peer)
      if found != identity { report(.pinLost, "\(person.name)'s of \(peer)") }
    }
    for login in depositLogins[person.name.bytes + [UInt8(person.index)]] ?? [] {
      if case .none = person.device.keys(of: login) {
        report(.depositKeysLost, "\(person.name)'s")
      }
    }
  }
}
