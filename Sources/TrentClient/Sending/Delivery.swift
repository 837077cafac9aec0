internal import KeyDistribution
internal import Wire

/// Brings something to its receiver, or leaves it with a mailbox.
struct Delivery {
  private let options: SendOptions
  private let signOn: SignOn
  private let state: StateFolder
  private let newPeers: NewPeers
  private let person: any Person

  init(_ options: SendOptions, _ signOn: SignOn, state: StateFolder, person: any Person) {
    self.options = options
    self.signOn = signOn
    self.state = state
    self.person = person
    newPeers = NewPeers(policy: options.newPeer, person: person)
  }

  func run(
    _ input: inout InputSource, _ start: inout SignOn.Start, _ retries: Retries
  ) throws(ClientFailure) -> DeliveryOutcome {
    let (name, realm) = (options.signIn.name, start.login.credential.realm)
    let outbox = Outbox(of: name, in: realm, state: state)
    outbox.tidy(telling: person)
    let place = outbox.place(
      of: StagingPlan(input.manifest, from: name, to: options.receiver, in: realm))
    switch options.mailbox {
    case .never: return try send(&input, place, &start, retries)
    case .always(let via): return try leave(&input, place, via, &start, retries, insteadOf: nil)
    case .whenAway(let via):
      do throws(ClientFailure) {
        return try send(&input, place, &start, retries)
      } catch {
        guard error.exitCode == ExitStatus.receiverAbsent.rawValue else { throw error }
        return try leave(&input, place, via, &start, retries, insteadOf: error)
      }
    }
  }

  /// Over a session with the receiver, who has no use for what an earlier try has sealed then.
  private func send(
    _ input: inout InputSource, _ place: Outbox.Place, _ start: inout SignOn.Start,
    _ retries: Retries
  ) throws(ClientFailure) -> DeliveryOutcome {
    let sent = try send(&input, &start, retries)
    place.clear(telling: person)
    return .received(byteCount: sent.byteCount, by: sent.peer)
  }

  private func send(
    _ input: inout InputSource, _ start: inout SignOn.Start, _ retries: Retries
  ) throws(ClientFailure) -> (byteCount: UInt64, peer: TrustedPeer) {
    let finder = PeerFinder(
      options.receiver, signOn, state: state, newPeers: newPeers, person: person)
    return try retries.run { () throws(ClientFailure) in
      let connection = try finder.connect(&start.login, over: &start.link)
      var transfer = OutgoingTransfer(connection, watcher: options.watcher)
      do throws(ClientFailure) {
        return try transfer.run(&input) { offset in
          retries.note(progress: offset)
          if offset > 0 { person.say("resuming after \(offset.inBytes) that arrived before") }
        }
      } catch {
        throw input.canStartAgain ? error : error.lasting
      }
    }
  }

  private func leave(
    _ input: inout InputSource, _ place: Outbox.Place, _ via: PrincipalName?,
    _ start: inout SignOn.Start, _ retries: Retries, insteadOf absence: ClientFailure?
  ) throws(ClientFailure) -> DeliveryOutcome {
    let delivery = MailboxDelivery(
      to: options.receiver, via: via, place, signOn, state: state, newPeers: newPeers,
      person: person, watcher: options.watcher)
    let left = try delivery.run(&input, &start, retries, insteadOf: absence)
    return .left(with: left.mailbox, for: left.peer)
  }
}
