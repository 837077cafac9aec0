internal import FileTransfer
internal import KeyDistribution
internal import MailboxService
internal import SecretMemory
internal import Transport
internal import Wire

/// A session with a mailbox: one request at a time (PROTOCOL.md, 5.8).
struct MailboxLink: ~Copyable {
  /// How long a mailbox may take to bring a deposit to its disk, or to look at it.
  private static let patience = Interval.minutes(2)
  /// The most bytes of a deposit in one record.
  static let pieceByteCount = PeerSession.recordLimit

  /// Whose mailbox it is.
  let mailbox: PrincipalName
  private var connection: PeerConnection
  private let patience: Interval

  /// Finds the mailbox by its name.
  ///
  /// - Parameter patience: how long it may take to answer, where that is not as long as it needs.
  init(
    to mailbox: PrincipalName, _ signOn: SignOn, state: StateFolder, newPeers: NewPeers,
    person: any Person, _ login: inout Login, over link: inout KDCLink, patience: Interval? = nil
  ) throws(ClientFailure) {
    let finder = PeerFinder(
      mailbox, for: .service, signOn, state: state, newPeers: newPeers, person: person,
      patience: patience)
    connection = try finder.connect(&login, over: &link)
    self.mailbox = mailbox
    self.patience = patience ?? Self.patience
  }

  // MARK: Leaving

  /// Steps V1 and V2: leaves what is in a deposit's file, or what the mailbox lacks of it.
  ///
  /// - Parameters:
  ///   - agreed: is told how many bytes the mailbox has from an earlier try.
  ///   - advanced: is told how many bytes it has got.
  mutating func leave(
    _ deposit: borrowing SealedDeposit, for receiver: PrincipalName,
    agreed: (UInt64) -> Void, advanced: (UInt64) -> Void
  ) throws(ClientFailure) {
    let request = MailboxRequest.leave(
      for: receiver, deposit.id, byteCount: deposit.byteCount)
    var offset: UInt64
    switch try ask(request) {
    case .stored: return
    case .goOn(let there) where there < deposit.byteCount: offset = there
    default: throw Self.misbehaved
    }
    agreed(offset)
    var buffer = [UInt8](repeating: 0, count: Self.pieceByteCount)
    while offset < deposit.byteCount {
      // It says something before the end only when it gives up.
      guard try !isReadable() else { break }
      let count = try deposit.read(at: offset, into: &buffer)
      do throws(ClientFailure) {
        let piece = buffer
        try connection.send(piece.bytes.extracting(first: count))
      } catch {
        // It may have said why before it closed the connection.
        guard try isReadable() else { throw error }
        break
      }
      offset += UInt64(count)
      advanced(offset)
    }
    guard try receive() == .stored, offset == deposit.byteCount else { throw Self.misbehaved }
  }

  private func isReadable() throws(ClientFailure) -> Bool {
    do {
      return try connection.stream.isReadable(within: .milliseconds(0))
    } catch {
      throw PeerConnection.broken("\(error)")
    }
  }

  // MARK: Collecting

  /// What waits for this user after a number, and whether there is more.
  mutating func list(
    after number: UInt64
  ) throws(ClientFailure) -> (deposits: [WaitingDeposit], hasMore: Bool) {
    guard case .waiting(let deposits, let hasMore) = try ask(.list(after: number)) else {
      throw Self.misbehaved
    }
    return (deposits, hasMore)
  }

  /// Gives out so many bytes of a deposit, or all that there are from an offset on, in pieces.
  ///
  /// - Throws: what `take` throws, or `ClientFailure`; the session is of no use any more then.
  mutating func fetch(
    _ number: UInt64, from offset: UInt64, byteCount: UInt32, _ take: (RawSpan) throws -> Void
  ) throws {
    let request = MailboxRequest.fetch(number: number, offset: offset, byteCount: byteCount)
    guard case .content(let count) = try ask(request), count <= byteCount else {
      throw Self.misbehaved
    }
    var rest = Int(count)
    while rest > 0 {
      let piece = try connection.receive(stallLimit: patience)
      guard (1...rest).contains(piece.count) else { throw Self.misbehaved }
      try take(piece.bytes)
      rest -= piece.count
    }
  }

  /// Says that a deposit is on one's own disk: the mailbox has deleted it when this returns.
  mutating func collected(_ deposit: WaitingDeposit) throws(ClientFailure) {
    try expectDone(.collected(number: deposit.number, deposit.id))
  }

  // MARK: Refusing

  /// Has the mailbox take nothing more of a sender for this user.
  mutating func refuse(_ sender: PrincipalName) throws(ClientFailure) {
    try expectDone(.refuse(sender))
  }

  /// Has it take what this sender leaves again.
  mutating func allow(_ sender: PrincipalName) throws(ClientFailure) {
    try expectDone(.allow(sender))
  }

  // MARK: Messages

  private mutating func expectDone(_ request: MailboxRequest) throws(ClientFailure) {
    guard case .done = try ask(request) else { throw Self.misbehaved }
  }

  private mutating func ask(_ request: MailboxRequest) throws(ClientFailure) -> MailboxReply {
    let message = request.encoded()
    try connection.send(message.bytes)
    return try receive()
  }

  /// - Throws: a refusal as what it means for a person.
  private mutating func receive() throws(ClientFailure) -> MailboxReply {
    let record = try connection.receive(stallLimit: patience)
    let reply: MailboxReply
    do { reply = try MailboxReply(record.bytes) } catch { throw Self.misbehaved }
    if case .refused(let reason) = reply { throw failure(reason) }
    return reply
  }

  private func failure(_ reason: MailboxReason) -> ClientFailure {
    let isPassing =
      switch reason {
      case .full, .busy, .notStored: true
      case .notTaken, .tooLarge, .notThere: false
      }
    return ClientFailure(.refusedByReceiver, "\(mailbox): \(reason)", isPassing: isPassing)
  }

  static var misbehaved: ClientFailure {
    PeerConnection.broken("The mailbox does not keep to the protocol.", isPassing: false)
  }
}
