internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Synchronization
internal import SystemClock
internal import Transport
internal import Wire

/// Several transfers at once, each on a thread of its own: whatever a sender does, or does not do,
/// only its own transfer is concerned.
final class ReceivingService: Sendable {
  private static let tidyingInterval = Interval.hours(1)

  let slots = TransferSlots()
  let stop: ServiceStop
  let person: SharedPerson
  private let options: ReceiveOptions
  private let realm: Realm
  private let state: StateFolder
  /// When to look for forgotten partial folders again.
  private let nextTidying = Mutex(Deadline.after(ReceivingService.tidyingInterval))

  init(
    _ options: ReceiveOptions, in realm: Realm, state: StateFolder, stop: ServiceStop,
    person: SharedPerson
  ) {
    self.options = options
    self.realm = realm
    self.state = state
    self.stop = stop
    self.person = person
  }

  /// Begins a transfer, or tells its sender that there are too many.
  func begin(_ transfer: consuming IncomingTransfer, _ reception: inout Reception) {
    let sender = transfer.sender
    guard slots.take(for: sender) else { return refuse(transfer, &reception) }
    let handover = Handover(transfer)
    let hasBegun = WorkerThread.start { [self] in
      if let transfer = handover.take() { run(transfer) }
      slots.release(sender)
    }
    if hasBegun { return }
    slots.release(sender)
    if let transfer = handover.take() { refuse(transfer, &reception) }
  }

  private func refuse(_ transfer: consuming IncomingTransfer, _ reception: inout Reception) {
    let reason = "too many transfers at once"
    person.say("refused \(transfer.shown) from \(transfer.sender): \(reason)")
    options.watcher.refused(transfer.sender, transfer.manifest, because: reason)
    transfer.refuse(.busy)
    reception.linger(transfer.connection)
  }

  /// On a thread of its own.
  private func run(_ transfer: consuming IncomingTransfer) {
    let placing = ContentPlacing(
      options, for: options.signIn.name, in: realm, nil,
      newPeers: NewPeers(policy: options.newPeer, person: person),
      KnownPeers(in: state, person: person), person)
    var transfer = transfer
    tidy()
    let what = "\(transfer.shown) from \(transfer.sender)"
    let content: IncomingContent
    do throws(Refusal) {
      content = try placing.content(for: transfer.offered)
    } catch {
      person.say("refused \(what): \(error.word)")
      options.watcher.refused(transfer.sender, transfer.manifest, because: error.word)
      transfer.turnAway(error.reason)
      return
    }
    do throws(ClientFailure) {
      try transfer.run(content, sizeLimit: options.rules.maxSize, watcher: options.watcher)
    } catch {
      person.say("\(what): \(error)")
    }
  }

  /// What nobody has come back to for a week goes while a service runs, too.
  private func tidy() {
    let isDue = nextTidying.withLock { next in
      guard next.hasPassed else { return false }
      next = .after(Self.tidyingInterval)
      return true
    }
    if isDue { try? options.output.check() }
  }
}
