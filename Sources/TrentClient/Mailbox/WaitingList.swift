internal import MailboxService

/// What waits in a box, page after page, in the order of arrival; as much as one collection looks
/// at. A box that tells numbers again, or goes back, does not keep to the protocol.
struct WaitingList: ~Copyable {
  static let limit = 10_000

  private var page: ArraySlice<WaitingDeposit> = []
  private var hasMore = true
  private var last: UInt64 = 0
  private var count = 0

  /// Whether there was more than is looked at.
  var isCutOff: Bool { count == Self.limit && (hasMore || !page.isEmpty) }

  /// - Returns: nil at the end.
  mutating func next<Box: DepositBox & ~Copyable>(
    from box: inout Box
  ) throws(ClientFailure) -> WaitingDeposit? {
    guard count < Self.limit else { return nil }
    if page.isEmpty, hasMore {
      let (deposits, more) = try box.list(after: last)
      guard !more || !deposits.isEmpty else { throw MailboxLink.misbehaved }
      page = deposits[...]
      hasMore = more
    }
    guard let deposit = page.popFirst() else { return nil }
    guard deposit.number > last else { throw MailboxLink.misbehaved }
    last = deposit.number
    count += 1
    return deposit
  }
}
