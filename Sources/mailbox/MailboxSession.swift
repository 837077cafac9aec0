internal import KeyDistribution
internal import MailboxService
internal import MailboxSpool
internal import SecretMemory
internal import TrentClient
internal import Wire

/// One user's requests, one after the other (PROTOCOL.md, 5.8). Whose box it is, and who leaves
/// something, the session says.
struct MailboxSession: ~Copyable {
  private var session: ServiceSession
  private let spool: Spool
  private let person: any Person

  init(_ session: consuming ServiceSession, at spool: Spool, telling person: any Person) {
    self.session = session
    self.spool = spool
    self.person = person
  }

  var peer: PrincipalName { session.peer }

  /// Lets the other end read what it was told.
  consuming func end() { session.end() }

  /// - Returns: whether there may be more requests.
  mutating func answerNext() throws(ClientFailure) -> Bool {
    let record = try session.receive()
    let request: MailboxRequest
    do throws(WireError) {
      request = try MailboxRequest(record.bytes)
    } catch {
      return close("a request that is none")
    }
    switch request {
    case .leave(let receiver, let id, let byteCount):
      return try take(id, for: receiver, byteCount: byteCount)
    case .list(let number):
      let (deposits, hasMore) = spool.list(for: peer, after: number)
      try answer(.waiting(deposits, hasMore: hasMore))
    case .fetch(let number, let offset, let byteCount):
      guard byteCount > 0 else { return close("a fetch of nothing") }
      return try give(number, from: offset, byteCount)
    case .collected(let number, let id):
      try answer { [spool, peer] () throws(MailboxReason) in
        try spool.collect(number, id, for: peer)
        return "number \(number) is collected by \(peer)"
      }
    case .refuse(let sender):
      try answer { [spool, peer] () throws(MailboxReason) in
        try spool.refuse(sender, for: peer)
        return nil
      }
    case .allow(let sender):
      try answer { [spool, peer] () throws(MailboxReason) in
        try spool.allow(sender, for: peer)
        return nil
      }
    }
    return true
  }

  // MARK: Leaving

  /// Steps V1 to V3.
  private mutating func take(
    _ id: DepositID, for receiver: PrincipalName, byteCount: UInt64
  ) throws(ClientFailure) -> Bool {
    // A deposit has a letter at least.
    guard byteCount > 0 else { return close("a deposit of nothing") }
    switch spool.begin(id, from: peer, for: receiver, byteCount: byteCount) {
    case .stored: try answer(.stored)
    case .refused(let reason):
      person.explain("took nothing from \(peer) for \(receiver): \(reason)")
      try answer(.refused(reason))
    case .incoming(let deposit):
      if deposit.missing > 0 { try answer(.goOn(offset: deposit.offset)) }
      do throws(MailboxReason) {
        guard try receive(deposit) else { return false }
        let item = try deposit.finish()
        person.say(
          "stored number \(item.deposit.number) from \(peer) for \(receiver), "
            + "\(byteCount) bytes")
      } catch {
        try answer(.refused(error))
        return false
      }
      try answer(.stored)
    }
    return true
  }

  /// - Returns: false when it broke off.
  private mutating func receive(_ deposit: IncomingDeposit) throws(MailboxReason) -> Bool {
    while deposit.missing > 0 {
      let piece: SecretBytes
      do throws(ClientFailure) {
        piece = try session.receive()
      } catch {
        person.explain("\(peer): \(error)")
        return false
      }
      guard piece.count > 0, UInt64(piece.count) <= deposit.missing else {
        return close("bytes that are not due")
      }
      try deposit.append(piece.bytes)
    }
    return true
  }

  // MARK: Collecting

  /// Step V4.
  private mutating func give(
    _ number: UInt64, from offset: UInt64, _ byteCount: UInt32
  ) throws(ClientFailure) -> Bool {
    let deposit: StoredDeposit
    do throws(MailboxReason) {
      deposit = try spool.open(number, for: peer)
    } catch {
      try answer(.refused(error))
      return true
    }
    guard offset < deposit.byteCount else {
      try answer(.refused(.notThere))
      return true
    }
    let count = min(UInt64(byteCount), deposit.byteCount - offset)
    try answer(.content(byteCount: UInt32(count)))
    var (offset, end) = (offset, offset + count)
    while offset < end {
      let piece: [UInt8]
      do throws(MailboxReason) {
        piece = try deposit.bytes(
          at: offset, count: Int(min(UInt64(PeerSession.recordLimit), end - offset)))
      } catch {
        // What was promised cannot be given: there is no other way to say so.
        return close("number \(number) cannot be read")
      }
      try session.send(piece.bytes)
      offset += UInt64(piece.count)
    }
    return true
  }

  // MARK: Answering

  /// Answers that it is done, or why not.
  ///
  /// - Parameter body: does it; what it returns is said.
  private mutating func answer(
    _ body: () throws(MailboxReason) -> String?
  ) throws(ClientFailure) {
    do throws(MailboxReason) {
      if let line = try body() { person.say(line) }
    } catch {
      return try answer(.refused(error))
    }
    try answer(.done)
  }

  private mutating func answer(_ reply: MailboxReply) throws(ClientFailure) {
    let record = reply.encoded()
    try session.send(record.bytes)
  }

  /// Who does not keep to the protocol is told nothing.
  private func close(_ reason: String) -> Bool {
    person.explain("the session with \(peer) was closed: \(reason)")
    return false
  }
}
