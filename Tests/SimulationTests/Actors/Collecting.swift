import Cryptography
import KeyDistribution
import MailboxService
import SecretMemory
import Wire

/// A person's look at what waits for it with the mailbox: steps V4 and V5. Now and then the mailbox
/// is a hostile one.
final class Collecting {
  private let login: Login
  private var line: MailboxLine?
  /// Still to be fetched; the next one is last.
  private var waiting: [WaitingDeposit] = []
  /// Being fetched; `nil` as long as nothing was promised.
  private var isContentDue = false

  private var person: Person { login.person }
  private var world: World { person.world }

  init(_ login: Login) { self.login = login }

  func start() {
    let line = MailboxLine(person) { [self] in
      receive($0)
    } broke: { [self] in
      self.line = nil
    }
    self.line = line
    line.send(MailboxRequest.list(after: 0).encoded())
  }

  private func receive(_ record: [UInt8]) {
    if isContentDue {
      isContentDue = false
      take(record)
      return
    }
    switch try? MailboxReply(record.bytes) {
    case .waiting(let deposits, _):
      waiting = deposits.reversed()
      fetchNext()
    case .content: isContentDue = true
    case .done, .refused: fetchNext()
    default: end()
    }
  }

  private func fetchNext() {
    guard let next = waiting.last else { return end() }
    line?.send(
      MailboxRequest.fetch(
        number: next.number, offset: 0, byteCount: UInt32(clamping: next.byteCount)
      ).encoded())
  }

  private func take(_ bytes: [UInt8]) {
    guard let wanted = waiting.popLast() else { return end() }
    let life = person.life
    guard let deposit = SealedFrames(bytes), isHad(deposit, wanted) else {
      if person.life == life { fetchNext() }
      return
    }
    guard person.life == life else { return }
    world.judge.letsGo(of: wanted.id)
    line?.send(MailboxRequest.collected(number: wanted.number, wanted.id).encoded())
  }

  /// Takes a deposit, and whatever a hostile mailbox makes of it and others before.
  ///
  /// - Returns: whether it is here now, or was before.
  private func isHad(_ deposit: SealedFrames, _ wanted: WaitingDeposit) -> Bool {
    for bent in world.hostileMailbox.bend(deposit, for: person.name) { _ = isTaken(bent) }
    guard DepositID(SHA256.hash(deposit.letter.bytes)) == wanted.id else { return false }
    return isTaken(deposit)
  }

  private func isTaken(_ deposit: SealedFrames) -> Bool {
    do {
      try login.take(deposit)
      return true
    } catch PeerFailure.replayed {
      return true
    } catch {
      world.note(.depositRefused, "\(person.endpoint): \(error)")
      return false
    }
  }

  private func end() {
    line?.hangUp()
    line = nil
  }
}
