internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import MailboxService
internal import SystemClock
internal import Wire

/// Takes what waits in boxes, in the order of arrival, by the same rules as what comes in a session
/// (V5). What is not taken stays where it is.
struct DepositCollecting: ~Copyable {
  private let keychain: DepositKeychain
  private let placing: ContentPlacing
  private let rules: TransferRules
  private let watcher: any TransferWatcher
  private let person: any Person
  private let stop: any Stop
  /// What goes to one file has to be one.
  private let limit: Int
  /// Whose deposits have to wait, in the present box: an earlier one may go better a while later.
  private var heldBack: Set<PrincipalName> = []
  private(set) var takenCount = 0
  /// How many there are that stay, and why the first of them does.
  private(set) var leftCount = 0
  private var firstReason: (status: ExitStatus, word: String)?

  init(
    _ keychain: consuming DepositKeychain, _ placing: ContentPlacing, _ rules: TransferRules,
    _ watcher: any TransferWatcher, until stop: any Stop, limit: Int = .max
  ) {
    self.limit = limit
    person = keychain.person
    self.keychain = keychain
    self.placing = placing
    self.rules = rules
    self.watcher = watcher
    self.stop = stop
  }

  /// For a login, by what its user says of receiving.
  init(
    for login: borrowing Credential, _ options: ReceiveOptions, state: StateFolder,
    person: any Person, until stop: any Stop
  ) throws(ClientFailure) {
    let placing = ContentPlacing(
      options, for: login.name, in: login.realm, nil,
      newPeers: NewPeers(policy: options.newPeer, person: person),
      KnownPeers(in: state, person: person), person)
    self.init(
      try DepositKeychain(of: login, state: state, person: person), placing, options.rules,
      options.watcher, until: stop, limit: options.output.isForOne ? 1 : .max)
  }

  /// What a program ends with; nil when nothing stays.
  var failure: ClientFailure? {
    guard let firstReason else { return nil }
    let what = leftCount == 1 ? "A deposit was not taken" : "\(leftCount) deposits were not taken"
    return ClientFailure(firstReason.status, "\(what): \(firstReason.word)")
  }

  /// Takes all that can be taken.
  ///
  /// - Throws: why there is no going on with this box.
  mutating func run<Box: DepositBox & ~Copyable>(
    _ box: inout Box
  ) throws(ClientFailure) {
    heldBack = []
    var list = WaitingList()
    while let waiting = try list.next(from: &box) {
      try stop.check()
      guard takenCount < limit else {
        return person.say("there is more with \(box.mailbox), and one goes to a file: fetch again")
      }
      if heldBack.contains(waiting.sender) {
        leftCount += 1
        person.explain("\(Self.shown(waiting)) waits for an earlier one of \(waiting.sender)")
      } else {
        try collect(waiting, from: &box)
      }
    }
    if list.isCutOff { person.say("there is more with \(box.mailbox): fetch again") }
  }

  static func shown(_ waiting: WaitingDeposit) -> String {
    "deposit \(waiting.number) (\(waiting.byteCount.inBytes))"
  }

  private mutating func collect<Box: DepositBox & ~Copyable>(
    _ waiting: WaitingDeposit, from box: inout Box
  ) throws(ClientFailure) {
    do {
      switch try IncomingDeposit.open(waiting, in: &box, with: keychain) {
      case .taken:
        person.explain("\(Self.shown(waiting)) from \(waiting.sender) was taken before")
        try confirm(waiting, to: &box)
      case .new(let deposit):
        try take(deposit, waiting, from: &box, files: keychain.files(in: box.realm))
      }
    } catch let failure as ClientFailure {
      try leave(waiting, because: failure)
    } catch {
      let failure = error as? DepositFailure ?? .damaged("\(error)")
      person.say("refused \(Self.shown(waiting)) from \(waiting.sender): \(failure.word)")
      leave(failure.status, failure.word)
    }
  }

  /// Judges what the mailbox, or this machine, has said no to. What concerns more than this deposit
  /// is thrown again.
  private mutating func leave(
    _ waiting: WaitingDeposit, because failure: ClientFailure
  ) throws(ClientFailure) {
    let isOfFile = failure.exitCode == ExitStatus.fileFailure.rawValue
    guard isOfFile || failure.exitCode == ExitStatus.refusedByReceiver.rawValue else {
      throw failure
    }
    person.say("\(Self.shown(waiting)) from \(waiting.sender): \(failure)")
    if isOfFile || failure.isPassing { heldBack.insert(waiting.sender) }
    leave(isOfFile ? .fileFailure : .refusedByReceiver, failure.description)
  }

  private mutating func leave(_ status: ExitStatus, _ word: String) {
    leftCount += 1
    firstReason = firstReason ?? (status, word)
  }

  // MARK: One of them

  private mutating func take<Box: DepositBox & ~Copyable>(
    _ deposit: consuming IncomingDeposit, _ waiting: WaitingDeposit, from box: inout Box,
    files: DepositKeyFiles
  ) throws {
    let sender = deposit.peer.name
    let shown = ShownManifest(deposit.manifest).summary
    let content: IncomingContent
    do throws(Refusal) {
      content = try placing.content(for: deposit.offered(until: stop))
    } catch {
      watcher.refused(sender, deposit.manifest, because: error.word)
      if let failure = error.failure, failure.isInterruption { throw failure }
      person.say("refused \(shown) from \(sender): \(error.word)")
      // The disk, and another program that is at it, may give way.
      if error.failure != nil || error.reason == .busy { heldBack.insert(sender) }
      return leave(error.failure == nil ? .refusedByReceiver : .fileFailure, error.word)
    }
    let left = deposit.deposited
    person.say(
      "receiving \(shown) from \(sender), left with \(box.mailbox) on "
        + SystemClock.localText(left))
    let remark = content.isResumable ? " What has come is kept for the next try." : ""
    var progress: any TransferProgress = SilentProgress()
    do {
      let (peer, manifest, mailbox) = (deposit.peer, deposit.manifest, box.mailbox)
      let end = try deposit.take(
        into: content, from: &box, sizeLimit: rules.maxSize, remembering: files, until: stop
      ) { present in
        if present > 0 { person.say("resuming after \(present.inBytes) that are here already") }
        progress = watcher.began(
          TransferSummary(
            .receive, peer, manifest, offset: present,
            mailbox: TransferSummary.Mailbox(name: mailbox, left: left)))
        return progress
      }
      progress.completed(byteCount: end.byteCount, names: end.names)
      person.say(
        "received \(ShownManifest(manifest).title(as: end.names)) (\(end.byteCount.inBytes)) from "
          + "\(sender), verified: \(peer.proof)")
      takenCount += 1
    } catch {
      let failure = Self.failure(error, remark)
      progress.failed(failure ?? PeerConnection.broken("It was damaged: \(error).\(remark)"))
      throw failure ?? error
    }
    try confirm(waiting, to: &box)
  }

  /// What the mailbox has said, or this machine; nil where it is the deposit that is at fault.
  private static func failure(_ error: any Error, _ remark: String) -> ClientFailure? {
    switch error {
    case let error as ClientFailure: error
    case let error as FileFailure: ClientFailure(.fileFailure, "\(error).\(remark)")
    case StagingFailure.exists(let path):
      ClientFailure(.refusedByReceiver, "\(StagingFailure.exists(path: path)).\(remark)")
    case let error as StagingFailure: ClientFailure(.fileFailure, "\(error).\(remark)")
    case is TransferReason:
      ClientFailure(
        .refusedByReceiver, "The stream is larger than --max-size. Nothing was kept.")
    default: nil
    }
  }

  private func confirm<Box: DepositBox & ~Copyable>(
    _ waiting: WaitingDeposit, to box: inout Box
  ) throws(ClientFailure) {
    do throws(ClientFailure) {
      try box.collected(waiting)
    } catch {
      // Another device, or the end of its time, may have been faster.
      guard error.exitCode == ExitStatus.refusedByReceiver.rawValue else { throw error }
      person.explain("\(Self.shown(waiting)) is not there any more")
    }
  }
}
