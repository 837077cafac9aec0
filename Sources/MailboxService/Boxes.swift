public import Wire

/// What waits for whom: the rules of a mailbox, without files, clock or sessions.
///
/// Room is reserved before the bytes come, so that any number of senders at a time keep within the
/// limits, and is given back where they do not come to their end.
public struct Boxes: Sendable {
  /// A deposit and whose it is.
  public struct Item: Hashable, Sendable {
    public let receiver: PrincipalName
    public let deposit: WaitingDeposit

    public init(receiver: PrincipalName, _ deposit: WaitingDeposit) {
      self.receiver = receiver
      self.deposit = deposit
    }
  }

  public enum Admission: Hashable, Sendable {
    /// Bytes of an earlier try may be there.
    case room(Reservation)
    /// The same sender has left just that before: it is stored.
    case known
    case refused(MailboxReason)
  }

  private enum Progress {
    /// Somebody is bringing the bytes; it broke off at this moment, if it did, for the first time.
    case active(brokeOff: Timestamp?)
    /// It broke off, for the first time at this moment: who goes on a little and breaks off again
    /// does not have the room for longer.
    case idle(since: Timestamp)
    /// What there is of it is being removed.
    case leaving
  }

  public let policy: MailboxPolicy
  private var boxes: [PrincipalName: Box] = [:]
  private var senders: [PrincipalName: Usage] = [:]
  private var reservations: [Reservation: Progress] = [:]
  private var usage = Usage()

  public init(_ policy: MailboxPolicy) { self.policy = policy }

  // MARK: Leaving

  /// Whether a sender may leave something, and room for it. Who goes on with what broke off has the
  /// room still.
  public mutating func admit(
    _ id: DepositID, from sender: PrincipalName, for receiver: PrincipalName, byteCount: UInt64
  ) -> Admission {
    let box = boxes[receiver] ?? Box()
    // Told again, so that a sender whose connection broke learns that it arrived.
    if box.known.contains(Box.Origin(sender: sender, id: id)) { return .known }
    guard byteCount <= policy.depositByteLimit else { return .refused(.tooLarge) }
    guard sender != receiver, box.takes(from: sender) else { return .refused(.notTaken) }
    let reservation = Reservation(
      sender: sender, receiver: receiver, id: id, byteCount: byteCount)
    switch reservations[reservation] {
    case .active, .leaving: return .refused(.busy)
    case .idle(let moment):
      reservations[reservation] = .active(brokeOff: moment)
      return .room(reservation)
    case nil: break
    }
    guard box.usage.fits(byteCount, policy.boxByteLimit, policy.boxCountLimit),
      (box.shares[sender] ?? Usage()).fits(
        byteCount, policy.shareByteLimit, policy.shareCountLimit),
      (senders[sender] ?? Usage()).fits(
        byteCount, policy.senderByteLimit, policy.senderCountLimit)
    else { return .refused(.notTaken) }
    guard usage.fits(byteCount, policy.byteLimit, policy.countLimit) else {
      return .refused(.full)
    }
    reservations[reservation] = .active(brokeOff: nil)
    take(byteCount, of: sender, for: receiver)
    return .room(reservation)
  }

  /// All of it is on the disk, under a number that no other deposit has.
  ///
  /// - Returns: the item; nil if there is no such room.
  public mutating func store(
    _ reservation: Reservation, as number: UInt64, at now: Timestamp
  ) -> Item? {
    guard reservations.removeValue(forKey: reservation) != nil else { return nil }
    let deposit = WaitingDeposit(
      number: number, sender: reservation.sender, stored: now,
      byteCount: reservation.byteCount, id: reservation.id)
    boxes[reservation.receiver, default: Box()].insert(deposit)
    return Item(receiver: reservation.receiver, deposit)
  }

  /// Whether what has room is still to be taken: its receiver may refuse the sender by now.
  public func isWanted(_ reservation: Reservation) -> Bool {
    takes(from: reservation.sender, for: reservation.receiver)
  }

  /// Whether a receiver takes what this sender leaves.
  public func takes(from sender: PrincipalName, for receiver: PrincipalName) -> Bool {
    boxes[receiver]?.takes(from: sender) ?? true
  }

  /// It broke off: what has come is kept for a while, for who goes on with it.
  ///
  /// - Returns: false when nothing is to be kept of it, and its room is to be released.
  public mutating func pause(_ reservation: Reservation, at now: Timestamp) -> Bool {
    guard case .active(let brokeOff) = reservations[reservation], isWanted(reservation) else {
      return false
    }
    reservations[reservation] = .idle(since: brokeOff ?? now)
    return true
  }

  /// Nothing of it is kept.
  public mutating func release(_ reservation: Reservation) {
    guard reservations.removeValue(forKey: reservation) != nil else { return }
    giveBack(reservation.byteCount, of: reservation.sender, for: reservation.receiver)
  }

  /// Takes up what is on the disk, at the start; in any order, and whatever the limits are by now.
  public mutating func restore(_ item: Item) {
    take(item.deposit.byteCount, of: item.deposit.sender, for: item.receiver)
    boxes[item.receiver, default: Box()].insert(item.deposit)
  }

  /// Takes up what broke off before the start.
  public mutating func restore(_ reservation: Reservation, idleSince moment: Timestamp) {
    guard reservations[reservation] == nil else { return }
    take(reservation.byteCount, of: reservation.sender, for: reservation.receiver)
    reservations[reservation] = .idle(since: moment)
  }

  // MARK: Collecting

  /// What waits for a receiver after a number, and whether there is more.
  public func list(
    for receiver: PrincipalName, after number: UInt64
  ) -> (deposits: [WaitingDeposit], hasMore: Bool) {
    let rest = boxes[receiver]?.deposits(after: number) ?? []
    let first = rest.prefix(MailboxReply.waitingLimit)
    return ([WaitingDeposit](first), first.count < rest.count)
  }

  /// A deposit for this receiver and no other.
  public func deposit(_ number: UInt64, for receiver: PrincipalName) -> WaitingDeposit? {
    boxes[receiver]?.deposit(number)
  }

  /// Everything that waits, for whomever, in the order of its arrival.
  public var all: [Item] {
    items { _ in true }
  }

  private func items(where isMeant: (WaitingDeposit) -> Bool) -> [Item] {
    boxes.flatMap { receiver, box in
      box.deposits.filter(isMeant).map { Item(receiver: receiver, $0) }
    }.sorted { $0.deposit.number < $1.deposit.number }
  }

  /// It is not there any more: its receiver has it, or it is damaged.
  public mutating func remove(_ item: Item) {
    guard deposit(item.deposit.number, for: item.receiver) == item.deposit else { return }
    boxes[item.receiver]?.remove(item.deposit)
    giveBack(item.deposit.byteCount, of: item.deposit.sender, for: item.receiver)
  }

  // MARK: Expiring

  /// Everything that has waited long enough. It stays until it is removed.
  public func expired(at now: Timestamp) -> [Item] {
    items { now.since($0.stored) > policy.lifetime }
  }

  /// What broke off long enough ago. Nobody goes on with it, nor have others its room, before it is
  /// released.
  public mutating func expirePartial(at now: Timestamp) -> [Reservation] {
    let lifetime = policy.partialLifetime
    return giveUp { _, moment in now.since(moment) > lifetime }
  }

  /// Nobody goes on with what broke off, and is meant.
  private mutating func giveUp(
    where isMeant: (Reservation, _ brokeOff: Timestamp) -> Bool
  ) -> [Reservation] {
    let meant = reservations.compactMap { reservation, progress in
      switch progress {
      case .idle(let moment) where isMeant(reservation, moment): reservation
      case .idle, .active, .leaving: nil
      }
    }
    for reservation in meant { reservations[reservation] = .leaving }
    return meant
  }

  // MARK: Refusing

  /// Takes nothing more of this sender: also not what has room already.
  ///
  /// - Returns: what broke off of that, which is to be released; nil when a receiver refuses too
  ///   many already.
  public mutating func refuse(
    _ sender: PrincipalName, for receiver: PrincipalName
  ) -> [Reservation]? {
    let former = refusedSenders(for: receiver)
    guard former.contains(sender) || former.count < policy.refusedSenderLimit else { return nil }
    boxes[receiver, default: Box()].refusedSenders.insert(sender)
    return giveUp { reservation, _ in
      reservation.sender == sender && reservation.receiver == receiver
    }
  }

  public mutating func allow(_ sender: PrincipalName, for receiver: PrincipalName) {
    boxes[receiver]?.refusedSenders.remove(sender)
    forgetIfEmpty(receiver)
  }

  public func refusedSenders(for receiver: PrincipalName) -> Set<PrincipalName> {
    boxes[receiver]?.refusedSenders ?? []
  }

  /// Takes nothing for a receiver: nobody knows whom it refuses.
  public mutating func shut(_ receiver: PrincipalName) {
    boxes[receiver, default: Box()].isShut = true
  }

  public func isShut(_ receiver: PrincipalName) -> Bool { boxes[receiver]?.isShut ?? false }

  // MARK: Room

  private mutating func take(
    _ byteCount: UInt64, of sender: PrincipalName, for receiver: PrincipalName
  ) {
    boxes[receiver, default: Box()].take(byteCount, of: sender)
    senders[sender, default: Usage()].add(byteCount)
    usage.add(byteCount)
  }

  private mutating func giveBack(
    _ byteCount: UInt64, of sender: PrincipalName, for receiver: PrincipalName
  ) {
    boxes[receiver]?.giveBack(byteCount, of: sender)
    forgetIfEmpty(receiver)
    senders.giveBack(byteCount, of: sender)
    usage.remove(byteCount)
  }

  private mutating func forgetIfEmpty(_ receiver: PrincipalName) {
    if boxes[receiver]?.isEmpty == true { boxes[receiver] = nil }
  }
}
