internal import Wire

/// What waits for one receiver, and whom it refuses.
struct Box {
  /// What a deposit is known by to who left it.
  struct Origin: Hashable {
    let sender: PrincipalName
    let id: DepositID
  }

  /// In the order of their numbers.
  private(set) var deposits: [WaitingDeposit] = []
  /// Where those come from.
  private(set) var known: Set<Origin> = []
  /// What waits, and what has room reserved.
  private(set) var usage = Usage()
  /// What of that is whose.
  private(set) var shares: [PrincipalName: Usage] = [:]
  var refusedSenders: Set<PrincipalName> = []
  /// Nothing is taken of anybody.
  var isShut = false

  var isEmpty: Bool { usage.count == 0 && refusedSenders.isEmpty && !isShut }

  func takes(from sender: PrincipalName) -> Bool { !isShut && !refusedSenders.contains(sender) }

  // MARK: Room

  mutating func take(_ byteCount: UInt64, of sender: PrincipalName) {
    usage.add(byteCount)
    shares[sender, default: Usage()].add(byteCount)
  }

  mutating func giveBack(_ byteCount: UInt64, of sender: PrincipalName) {
    usage.remove(byteCount)
    shares.giveBack(byteCount, of: sender)
  }

  // MARK: Deposits

  func deposit(_ number: UInt64) -> WaitingDeposit? {
    let place = place(of: number)
    return place < deposits.count && deposits[place].number == number ? deposits[place] : nil
  }

  func deposits(after number: UInt64) -> ArraySlice<WaitingDeposit> {
    let place = place(of: number)
    let isThere = place < deposits.count && deposits[place].number == number
    return deposits[(isThere ? place + 1 : place)...]
  }

  mutating func insert(_ deposit: WaitingDeposit) {
    deposits.insert(deposit, at: place(of: deposit.number))
    known.insert(Origin(sender: deposit.sender, id: deposit.id))
  }

  mutating func remove(_ deposit: WaitingDeposit) {
    guard self.deposit(deposit.number) == deposit else { return }
    deposits.remove(at: place(of: deposit.number))
    known.remove(Origin(sender: deposit.sender, id: deposit.id))
  }

  /// Of the first one that has this number or a higher one.
  private func place(of number: UInt64) -> Int {
    var (low, high) = (0, deposits.count)
    while low < high {
      let middle = low + (high - low) / 2
      if deposits[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
