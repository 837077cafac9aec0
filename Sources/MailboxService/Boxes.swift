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
    /// Somebody is bringing the bytes.
    case active
    case idle(since: Timestamp)
  }

  private struct Box {
    /// In the order of their numbers.
    var deposits: [WaitingDeposit] = []
    /// What waits, and what has room reserved.
    var usage = Usage()
    var refusedSenders: Set<PrincipalName> = []

    var isEmpty: Bool { usage.count == 0 && refusedSenders.isEmpty }
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
    if box.deposits.contains(where: { $0.id == id && $0.sender == sender }) { return .known }
    guard byteCount <= policy.depositByteLimit else { return .refused(.tooLarge) }
    guard sender != receiver, !box.refusedSenders.contains(sender) else {
      return .refused(.notTaken)
    }
    let reservation = Reservation(
      sender: sender, receiver: receiver, id: id, byteCount: byteCount)
    switch reservations[reservation] {
    case .active: return .refused(.busy)
    case .idle:
      reservations[reservation] = .active
      return .room(reservation)
    case nil: break
    }
    guard box.usage.fits(byteCount, policy.boxByteLimit, policy.boxCountLimit),
      (senders[sender] ?? Usage()).fits(
        byteCount, policy.senderByteLimit, policy.senderCountLimit)
    else { return .refused(.notTaken) }
    guard usage.fits(byteCount, policy.byteLimit, policy.countLimit) else {
      return .refused(.full)
    }
    reservations[reservation] = .active
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
    insert(deposit, for: reservation.receiver)
    return Item(receiver: reservation.receiver, deposit)
  }

  /// It broke off: what has come is kept for a while, for who goes on with it.
  public mutating func pause(_ reservation: Reservation, at now: Timestamp) {
    guard reservations[reservation] != nil else { return }
    reservations[reservation] = .idle(since: now)
  }

  /// Nothing of it is kept.
  public mutating func release(_ reservation: Reservation) {
    guard reservations.removeValue(forKey: reservation) != nil else { return }
    giveBack(reservation.byteCount, of: reservation.sender, for: reservation.receiver)
  }

  /// Takes up what is on the disk, at the start; in any order, and whatever the limits are by now.
  public mutating func restore(_ item: Item) {
    take(item.deposit.byteCount, of: item.deposit.sender, for: item.receiver)
    insert(item.deposit, for: item.receiver)
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
    let rest = (boxes[receiver]?.deposits ?? []).drop { $0.number <= number }
    let first = rest.prefix(MailboxReply.waitingLimit)
    return ([WaitingDeposit](first), first.count < rest.count)
  }

  /// A deposit for this receiver and no other.
  public func deposit(_ number: UInt64, for receiver: PrincipalName) -> WaitingDeposit? {
    boxes[receiver]?.deposits.first { $0.number == number }
  }

  /// Everything that waits, for whomever, in the order of its arrival.
  public var all: [Item] {
    boxes.flatMap { receiver, box in box.deposits.map { Item(receiver: receiver, $0) } }
      .sorted { $0.deposit.number < $1.deposit.number }
  }

  /// It is not there any more: its receiver has it, or it is damaged.
  public mutating func remove(_ item: Item) {
    guard deposit(item.deposit.number, for: item.receiver) == item.deposit else { return }
    boxes[item.receiver]?.deposits.removeAll { $0.number == item.deposit.number }
    giveBack(item.deposit.byteCount, of: item.deposit.sender, for: item.receiver)
  }

  // MARK: Expiring

  /// Everything that has waited long enough. It stays until it is removed.
  public func expired(at now: Timestamp) -> [Item] {
    all.filter { now.since($0.deposit.stored) > policy.lifetime }
  }

  /// What broke off long enough ago; its room is given back.
  public mutating func expirePartial(at now: Timestamp) -> [Reservation] {
    let expired = reservations.compactMap { reservation, progress in
      switch progress {
      case .idle(let moment) where now.since(moment) > policy.partialLifetime: reservation
      case .idle, .active: nil
      }
    }
    for reservation in expired { release(reservation) }
    return expired
  }

  // MARK: Refusing

  /// - Returns: false when a receiver refuses too many already.
  public mutating func refuse(_ sender: PrincipalName, for receiver: PrincipalName) -> Bool {
    var box = boxes[receiver] ?? Box()
    guard
      box.refusedSenders.contains(sender)
        || box.refusedSenders.count < policy.refusedSenderLimit
    else { return false }
    box.refusedSenders.insert(sender)
    boxes[receiver] = box
    return true
  }

  public mutating func allow(_ sender: PrincipalName, for receiver: PrincipalName) {
    boxes[receiver]?.refusedSenders.remove(sender)
    forgetIfEmpty(receiver)
  }

  public func refusedSenders(for receiver: PrincipalName) -> Set<PrincipalName> {
    boxes[receiver]?.refusedSenders ?? []
  }

  // MARK: Room

  private mutating func insert(_ deposit: WaitingDeposit, for receiver: PrincipalName) {
    // Mostly it is the last one.
    let before = boxes[receiver]?.deposits.lastIndex { $0.number < deposit.number }
    let place = before.map { $0 + 1 } ?? 0
    boxes[receiver, default: Box()].deposits.insert(deposit, at: place)
  }

  private mutating func take(
    _ byteCount: UInt64, of sender: PrincipalName, for receiver: PrincipalName
  ) {
    boxes[receiver, default: Box()].usage.add(byteCount)
    senders[sender, default: Usage()].add(byteCount)
    usage.add(byteCount)
  }

  private mutating func giveBack(
    _ byteCount: UInt64, of sender: PrincipalName, for receiver: PrincipalName
  ) {
    boxes[receiver]?.usage.remove(byteCount)
    forgetIfEmpty(receiver)
    senders[sender]?.remove(byteCount)
    if senders[sender]?.count == 0 { senders[sender] = nil }
    usage.remove(byteCount)
  }

  private mutating func forgetIfEmpty(_ receiver: PrincipalName) {
    if boxes[receiver]?.isEmpty == true { boxes[receiver] = nil }
  }
}

/// How much of a limit is used.
private struct Usage {
  private(set) var byteCount: UInt64 = 0
  private(set) var count = 0

  func fits(_ more: UInt64, _ byteLimit: UInt64, _ countLimit: Int) -> Bool {
    byteCount <= byteLimit && more <= byteLimit - byteCount && count < countLimit
  }

  mutating func add(_ more: UInt64) {
    byteCount += more
    count += 1
  }

  mutating func remove(_ less: UInt64) {
    byteCount -= less
    count -= 1
  }
}
