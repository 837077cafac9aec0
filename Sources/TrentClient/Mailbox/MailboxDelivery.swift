internal import FileTransfer
internal import KeyDistribution
internal import SystemClock
internal import Wire

/// Leaves something for a receiver with a mailbox: seals it into the outbox, and brings what is
/// there to the mailbox, or what that lacks of it.
struct MailboxDelivery {
  private let receiver: PrincipalName
  /// The sender's choice; nil: the receiver's home mailbox.
  private let via: PrincipalName?
  private let signOn: SignOn
  private let state: StateFolder
  private let newPeers: NewPeers
  private let person: any Person
  private let watcher: any TransferWatcher
  /// Where the deposit is until it has arrived.
  private let place: Outbox.Place

  init(
    to receiver: PrincipalName, via: PrincipalName?, _ place: Outbox.Place, _ signOn: SignOn,
    state: StateFolder, newPeers: NewPeers, person: any Person, watcher: any TransferWatcher
  ) {
    self.place = place
    self.receiver = receiver
    self.via = via
    self.signOn = signOn
    self.state = state
    self.newPeers = newPeers
    self.person = person
    self.watcher = watcher
  }

  /// - Parameter absence: why there is no session with the receiver, which is told when there is no
  ///   mailbox either.
  func run(
    _ input: inout InputSource, _ start: inout SignOn.Start, _ retries: Retries,
    insteadOf absence: ClientFailure?
  ) throws(ClientFailure) -> (mailbox: PrincipalName, peer: TrustedPeer) {
    let ticket = try ticket(&start, retries, insteadOf: absence)
    guard let mailbox = via ?? ticket.grant.mailbox else {
      throw absence
        ?? ClientFailure(
          .receiverAbsent,
          "\(receiver) has set no home mailbox. Say with --via NAME which one to use; "
            + "\"client mailboxes\" lists them.")
    }
    if let absence {
      person.explain("\(absence)")
      person.say("\(receiver) cannot be reached now: leaving it with \(mailbox)")
    }
    let peer = ticket.peer
    let deposit = try sealed(&input, ticket, by: start.login.credential, at: start.link.clock.now)
    do throws(ClientFailure) {
      try retries.run { () throws(ClientFailure) in
        try leave(deposit, input.manifest, for: peer, with: mailbox, &start, retries)
      }
    } catch {
      // What is not wanted stays so, and what cannot be read twice is never gone on with.
      let isUnwanted =
        error.exitCode == ExitStatus.refusedByReceiver.rawValue && !error.isPassing
      if isUnwanted || input.manifest.content != .files { place.clear(telling: person) }
      throw error
    }
    // Who fails to be pinned is pinned when the same is left again, which the mailbox has (U5).
    try KnownPeers(in: state, person: person).pin(
      peer, in: start.login.credential.realm, telling: person)
    place.clear(telling: person)
    return (mailbox, peer)
  }

  private func ticket(
    _ start: inout SignOn.Start, _ retries: Retries, insteadOf absence: ClientFailure?
  ) throws(ClientFailure) -> PeerTickets.Trusted {
    do throws(ClientFailure) {
      return try retries.run { () throws(ClientFailure) in
        let tickets = PeerTickets(
          for: receiver, .deposit, signOn, state: state, newPeers: newPeers, person: person)
        return try tickets.next(&start.login, over: &start.link)
      }
    } catch {
      let isAbsent = error.exitCode == ExitStatus.receiverAbsent.rawValue
      throw isAbsent ? absence ?? error : error
    }
  }

  /// The deposit of an earlier try, if what is sent is still the same, and its receiver opens it
  /// still; else a new one.
  private func sealed(
    _ input: inout InputSource, _ ticket: consuming PeerTickets.Trusted,
    by credential: borrowing Credential, at now: Timestamp
  ) throws(ClientFailure) -> SealedDeposit {
    let path = place.path
    if let deposit = try SealedDeposit.read(path) {
      if deposit.lasts(for: ticket.grant.peerClaim, at: now),
        try contentHash(&input) == deposit.contentHash
      {
        return deposit
      }
      place.clear(telling: person)
    }
    try SealedDeposit.write(&input, under: ticket, by: credential, to: path)
    guard let deposit = try SealedDeposit.read(path) else {
      throw ClientFailure(.other, "Another program has removed \(path). Send it again.")
    }
    return deposit
  }

  /// SHA-256 of all that is sent; nil when it cannot be read twice.
  private func contentHash(_ input: inout InputSource) throws(ClientFailure) -> [UInt8]? {
    guard input.manifest.content == .files, let size = input.manifest.totalSize else { return nil }
    do {
      let hash = try input.hash(first: size)
      try input.seek(to: 0)
      return hash
    } catch {
      throw ClientFailure(.fileFailure, error.description)
    }
  }

  private func leave(
    _ deposit: borrowing SealedDeposit, _ manifest: Manifest, for peer: TrustedPeer,
    with mailbox: PrincipalName, _ start: inout SignOn.Start, _ retries: Retries
  ) throws(ClientFailure) {
    var link = try MailboxLink(
      to: mailbox, signOn, state: state, newPeers: newPeers, person: person, &start.login,
      over: &start.link)
    var begun: (any TransferProgress)?
    do throws(ClientFailure) {
      try link.leave(deposit, for: receiver) { offset in
        retries.note(progress: offset)
        if offset > 0 { person.say("resuming after \(offset.inBytes) that \(mailbox) has") }
        let shown = min(offset, manifest.totalSize ?? offset)
        begun = watcher.began(TransferSummary(.send, peer, manifest, offset: shown))
      } advanced: { count in
        begun?.advanced(to: min(count, manifest.totalSize ?? count))
      }
      let progress =
        begun ?? watcher.began(TransferSummary(.send, peer, manifest, offset: 0))
      progress.left(with: mailbox, byteCount: manifest.totalSize ?? deposit.byteCount)
    } catch {
      begun?.failed(error)
      throw error
    }
  }
}
