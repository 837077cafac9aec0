internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What there is to decide about: who offers what, whether it comes now or was left with a mailbox.
struct OfferedContent {
  let peer: TrustedPeer
  let manifest: Manifest
  let chunkSize: ChunkSize
  /// Which deposit it is of.
  let deposit: DepositTag?
  let stop: any Stop
}

/// Why an offer is refused.
struct Refusal: Error {
  /// What the sender is told.
  let reason: TransferReason
  /// What is said here.
  let word: String
  /// When there is no receiving anything now.
  var failure: ClientFailure?
}

/// Decides whether an offer is taken, and where its content goes.
struct ContentPlacing {
  private let options: ReceiveOptions
  private let receiver: PrincipalName
  private let realm: Realm
  private let keeper: SealedCopyKeeper?
  private let newPeers: NewPeers
  private let peers: KnownPeers
  private let person: any Person

  init(
    _ options: ReceiveOptions, for receiver: PrincipalName, in realm: Realm,
    _ keeper: SealedCopyKeeper?, newPeers: NewPeers, _ peers: KnownPeers, _ person: any Person
  ) {
    self.options = options
    self.receiver = receiver
    self.realm = realm
    self.keeper = keeper
    self.newPeers = newPeers
    self.peers = peers
    self.person = person
  }

  /// Nothing is written before the rules, and the person where they say so, have accepted.
  func content(for offer: OfferedContent) throws(Refusal) -> IncomingContent {
    let manifest = offer.manifest
    try admit(offer.peer)
    if options.output == .texts, manifest.content != .text {
      throw Refusal(reason: .declined, word: "texts alone are taken now")
    }
    if !options.output.isFolder {
      guard manifest.entries.count == 1, manifest.files.count == 1 else {
        throw Refusal(reason: .oneFileOnly, word: "a single file, stream or text goes there")
      }
    }
    do {
      if let reason = try options.rules.refusal(
        of: manifest, from: offer.peer.name, person: person)
      {
        throw Refusal(reason: reason, word: word(reason))
      }
      return try place(offer)
    } catch let refusal as Refusal {
      throw refusal
    } catch let failure as ClientFailure {
      throw Refusal(reason: .declined, word: failure.description, failure: failure)
    } catch let failure as StagingFailure {
      throw Self.refusal(failure)
    } catch let failure as ProgramFailure {
      throw Refusal(
        reason: .programStopped, word: failure.description,
        failure: ClientFailure(.programFailed, failure.description))
    } catch let failure as FileFailure {
      throw Self.refusal(.file(failure))
    } catch {
      throw Refusal(reason: .cannotWrite, word: "\(error)")
    }
  }

  /// Pins a sender who is new, after a question if that has been left open.
  private func admit(_ peer: TrustedPeer) throws(Refusal) {
    do {
      // Another transfer of the same sender may have asked in the meantime.
      if try peers.pin(of: peer.name, in: realm)?.identity != peer.identity {
        guard try newPeers.admits(peer, in: realm) else {
          let fingerprint = NewPeers.fingerprint(of: peer, in: realm)
          throw Refusal(reason: .declined, word: "new, fingerprint \(fingerprint)")
        }
      }
      try peers.pin(peer, in: realm, telling: person)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal(reason: .declined, word: "\(error)")
    }
  }

  private func word(_ reason: TransferReason) -> String {
    switch reason {
    case .tooLarge: "larger than --max-size"
    case .declined where !person.isPresent: "no rule accepts it, and there is no terminal to ask at"
    default: "declined"
    }
  }

  private static func refusal(_ failure: StagingFailure) -> Refusal {
    var refusal = Refusal(reason: TransferReason(failure), word: failure.description)
    if case .file(let file) = failure { refusal.failure = ClientFailure(file) }
    return refusal
  }

  private func place(_ offer: OfferedContent) throws -> IncomingContent {
    let manifest = offer.manifest
    let plan = StagingPlan(
      manifest, from: offer.peer.name, to: receiver, in: realm, deposit: offer.deposit)
    switch options.output {
    case .folder(let path):
      if manifest.content == .text { return IncomingContent(textFor: options.watcher) }
      let staging = try Staging(
        in: ConfinedFolder(path), id: plan.id, description: plan.description, items: plan.items,
        Staging.Placement(existing: options.rules.existing, alternative: EntryName.numbered))
      if let name = try staging.taken() {
        if try staging.presentByteCount() == 0 { try staging.discard() }
        throw StagingFailure.exists(path: joinPath(path, name))
      }
      return IncomingContent(staging, totalSize: manifest.totalSize, tellsNames: true)
    case .file(let path) where try keeper == nil && isResumable(manifest, at: path):
      guard let item = plan.items.first else { break }
      return IncomingContent(
        try Staging(
          replacing: path, id: plan.id, description: plan.description, item: item),
        totalSize: manifest.totalSize, tellsNames: false)
    case .program(let command):
      let variables = ProgramVariables(of: manifest, from: offer.peer.name)
      return IncomingContent(try ReceivingProgram(command, variables, stop: offer.stop))
    case .texts: return IncomingContent(textFor: options.watcher)
    case .file, .standardOutput, .nowhere: break
    }
    let file = try AtomicFile(replacing: options.output.path, mode: 0o666, maskedByUmask: true)
    return IncomingContent(file, copy: try keeper?.begin(chunkSize: offer.chunkSize))
  }

  /// A stream has no second time, and what has gone into a pipe does not come back.
  private func isResumable(_ manifest: Manifest, at path: String) throws -> Bool {
    try manifest.content == .files && !AtomicFile.writesDirectly(to: path)
  }
}
