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

  /// Room for a deposit whose bytes are on their way.
  public struct Reservation: Hashable, Sendable {
    public let sender: PrincipalName
    public let receiver: PrincipalName
    public let id: DepositID
    public let byteCount: UInt64
  }

  public enum Admission: Hashable, Sendable {
    case room(Reservation)
    /// The same sender has left just that before: it is stored.
    case known
    case refused(MailboxReason)
  }

  private struct Box {
    /// In the order of their numbers.
    var deposits: [WaitingDeposit] = []
    /// What waits, and what has room reserved.
    var byteCount: UInt64 = 0
    var count = 0
    var refusedSenders: Set<PrincipalName> = []

    var isEmpty: Bool { count == 0 && refusedSenders.isEmpty }
  }

  public let policy: MailboxPolicy
  private var boxes: [PrincipalName: Box] = [:]
  private var senderByteCounts: [PrincipalName: UInt64] = [:]
  private var reservations: Set<Reservation> = []
  private var byteCount: UInt64 = 0
  private var nextNumber: UInt64 = 1

  public init(_ policy: MailboxPolicy) { self.policy = policy }

  // MARK: Leaving

  /// Whether a sender may leave something, and room for it.
  public mutating func admit(
    _ id: DepositID, from sender: PrincipalName, for receiver: PrincipalName, byteCount: UInt64
  ) -> Admission {
    let box = boxes[receiver] ?? Box()
    // Told again, so that a sender whose connection broke learns that it arrived.
    if box.deposits.contains(where: { $0.id == id && $0.sender == sender }) { return .known }
    guard byteCount <= policy.depositByteLimit else { return .refused(.tooLarge) }
    guard sender != receiver, !box.refusedSenders.contains(sender),
      box.count < policy.boxCountLimit,
      fits(byteCount, beside: box.byteCount, policy.boxByteLimit),
      fits(byteCount, beside: senderByteCounts[sender] ?? 0, policy.senderByteLimit)
    else { return .refused(.notTaken) }
    guard fits(byteCount, beside: self.byteCount, policy.byteLimit) else { return .refused(.full) }
    let reservation = Reservation(
      sender: sender, receiver: receiver, id: id, byteCount: byteCount)
    guard reservations.insert(reservation).inserted else { return .refused(.busy) }
    take(reservation)
    return .room(reservation)
  }

  /// All of it is on the disk.
  ///
  /// - Returns: the item with its number; nil if there is no such room.
  public mutating func store(_ reservation: Reservation, at now: Timestamp) -> Item? {
    guard reservations.remove(reservation) != nil else { return nil }
    let deposit = WaitingDeposit(
      number: nextNumber, sender: reservation.sender, stored: now,
      byteCount: reservation.byteCount, id: reservation.id)
    nextNumber += 1
    boxes[reservation.receiver, default: Box()].deposits.append(deposit)
    return Item(receiver: reservation.receiver, deposit)
  }

  /// It did not come to its end.
  public mutating func release(_ reservation: Reservation) {
    guard reservations.remove(reservation) != nil else { return }
    giveBack(reservation.byteCount, of: reservation.sender, for: reservation.receiver)
  }

  /// Takes up what is on the disk, at the start; in any order.
  public mutating func restore(_ item: Item) {
    let reservation = Reservation(
      sender: item.deposit.sender, receiver: item.receiver, id: item.deposit.id,
      byteCount: item.deposit.byteCount)
    take(reservation)
    var box = boxes[item.receiver] ?? Box()
    let place = box.deposits.firstIndex { $0.number > item.deposit.number }
    box.deposits.insert(item.deposit, at: place ?? box.deposits.count)
    boxes[item.receiver] = box
    nextNumber = max(nextNumber, item.deposit.number + 1)
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

  /// The receiver has it: what was there.
  public mutating func collect(
    _ number: UInt64, _ id: DepositID, for receiver: PrincipalName
  ) -> Item? {
    guard let deposit = deposit(number, for: receiver), deposit.id == id else { return nil }
    remove(deposit, for: receiver)
    return Item(receiver: receiver, deposit)
  }

  /// Everything that has waited long enough, removed.
  public mutating func expire(at now: Timestamp) -> [Item] {
    var expired: [Item] = []
    for (receiver, box) in boxes {
      for deposit in box.deposits where now.since(deposit.stored) > policy.lifetime {
        expired.append(Item(receiver: receiver, deposit))
      }
    }
    for item in expired { remove(item.deposit, for: item.receiver) }
    return expired.sorted { $0.deposit.number < $1.deposit.number }
  }

  // MARK: Refusing

  public mutating func refuse(_ sender: PrincipalName, for receiver: PrincipalName) {
    boxes[receiver, default: Box()].refusedSenders.insert(sender)
  }

  public mutating func allow(_ sender: PrincipalName, for receiver: PrincipalName) {
    boxes[receiver]?.refusedSenders.remove(sender)
    forgetIfEmpty(receiver)
  }

  // MARK: Room

  private func fits(_ byteCount: UInt64, beside used: UInt64, _ limit: UInt64) -> Bool {
    used <= limit && byteCount <= limit - used
  }

  private mutating func take(_ reservation: Reservation) {
    boxes[reservation.receiver, default: Box()].byteCount += reservation.byteCount
    boxes[reservation.receiver]?.count += 1
    senderByteCounts[reservation.sender, default: 0] += reservation.byteCount
    byteCount += reservation.byteCount
  }

  private mutating func giveBack(
    _ count: UInt64, of sender: PrincipalName, for receiver: PrincipalName
  ) {
    boxes[receiver]?.byteCount -= count
    boxes[receiver]?.count -= 1
    forgetIfEmpty(receiver)
    let rest = (senderByteCounts[sender] ?? count) - count
    senderByteCounts[sender] = rest == 0 ? nil : rest
    byteCount -= count
  }

  private mutating func remove(_ deposit: WaitingDeposit, for receiver: PrincipalName) {
    boxes[receiver]?.deposits.removeAll { $0.number == deposit.number }
    giveBack(deposit.byteCount, of: deposit.sender, for: receiver)
  }

  private mutating func forgetIfEmpty(_ receiver: PrincipalName) {
    if boxes[receiver]?.isEmpty == true { boxes[receiver] = nil }
  }
}
