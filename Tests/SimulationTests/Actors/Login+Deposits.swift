import Cryptography
import FileTransfer
import SecretMemory
import Wire

@testable import KeyDistribution

/// Leaving and collecting by a mailbox: steps B and G.
extension Login {
  private var world: World { person.world }

  /// B1: the keys are kept before the KDC hears of them.
  func takeDeposits() {
    do {
      try person.device.save(DepositKeys(of: credential))
    } catch {
      return person.checkDisk()
    }
    person.checkDisk()
    guard person.login === self else { return }
    let attempt = GrantingAttempt<ExpectDeposits, Timestamp>(self, .takeDeposits) { [self] in
      credential.takeDeposits(mailbox: nil, at: person.clock, random: &world.keys)
    } read: {
      (next, message) throws(ExchangeFailure) in
      try next.receive(message.bytes)
    } granted: { [self] granted in
      world.judge.opensDeposits(credential.loginKey.publicKey, person)
      renew(with: granted.renewal)
    }
    attempt.start()
  }

  /// Now and then something is left, and one's own is looked for.
  func keepMail() {
    world.after(.random(10_000...240_000, &world.mail)) { [weak self] world in
      guard let self, person.login === self else { return }
      let peer = world.mail.pick(world.people).name
      if peer != person.name { leave(for: peer) }
      Collecting(self).start()
      keepMail()
    }
  }

  // MARK: Leaving

  private func leave(for peer: PrincipalName) {
    let key = Held(world.keys.agreementKey())
    world.judge.initiates(key.value.publicKey)
    askForTicket(peer, .deposit, ephemeral: key.value.publicKey) { [self] grant in
      do {
        try leave(grant, key.value.duplicate())
      } catch {
        world.note(.refused, "\(person.endpoint) to leave something for \(peer): \(error)")
      }
    }
  }

  /// G1.
  private func leave(_ grant: consuming SessionGrant, _ key: consuming AgreementKey) throws {
    let peer = try trust(grant)
    let file = SimulatedFile(number: world.newChannel(), random: &world.mail)
    let manifest = try file.manifest()
    let offer = Offer(
      fileKey: world.keys.secret(Offer.fileKeyByteCount), chunkSize: .simulated, manifest)
    let first = offer.encoded()
    let started = try credential.startDeposit(
      grant, for: peer, ephemeral: key, first: first.bytes)
    let letter = started.letter.bytes
    var sealer = started.sealer
    let binding = sealer.handshakeHash
    var records: [[UInt8]] = []
    for batch in EntryBatch.batches(of: manifest) {
      records.append(try sealer.seal(batch.encoded().bytes))
    }
    world.judge.deposited(binding, from: person, for: peer, file.bytes)
    let chunks = file.chunks(under: offer.fileKey, binding: binding)
    let deposit = SealedFrames(letter: letter, records: records, chunks: chunks)
    for frame in deposit.frames {
      world.judge.seen(
        Packet(from: person.endpoint, to: .attacker, channel: 0, bytes: frame))
    }
    Leaving(person, deposit, for: peer.name)?.start()
    world.note(.left, "\(person.endpoint) for \(peer.name), \(file.bytes.count) bytes")
  }

  // MARK: Collecting

  /// G2, and G3 when all of it is there.
  func take(_ deposit: SealedFrames) throws {
    let letter = try DepositLetter(deposit.letter.bytes)
    let device = person.device
    guard let keys = device.keys(of: letter.loginKey) else { throw UnexpectedFrame() }
    let opened = try keys.open(
      letter,
      isOpened: { (tag) throws(PeerFailure) in try device.isTaken(tag, for: letter.loginKey) },
      pinned: { (name) throws(PeerFailure) in try device.pin(of: name) }, at: person.clocks)
    let tag = opened.tag
    let first = opened.firstRecord
    var opener = opened.opener
    let offer = try Offer(first.bytes)
    let (peer, binding) = (opener.peer, opener.handshakeHash)
    var reader = ManifestReader(offer)
    for record in deposit.records {
      let message = try opener.open(record.bytes)
      try reader.take(message.bytes)
    }
    let manifest = try reader.finish()
    let content = try content(deposit.chunks, offer, manifest, binding)
    guard person.pin(peer) else { throw UnexpectedFrame() }
    defer { person.checkDisk() }
    if world.plant != .receiverForgetsDeposits { try device.remember(tag, for: letter.loginKey) }
    // Who dies before this may take it once more.
    world.judge.collected(binding, at: person, from: peer, content)
    world.note(.collected, "\(person.endpoint) from \(peer.name), \(content.count) bytes")
  }

  private func content(
    _ chunks: [[UInt8]], _ offer: borrowing Offer, _ manifest: Manifest, _ binding: [UInt8]
  ) throws -> [UInt8] {
    var opener = ChunkOpener(
      fileKey: offer.fileKey, binding: binding.bytes, chunkSize: offer.chunkSize,
      announcedSize: manifest.totalSize)
    var content: [UInt8] = []
    do throws(ChunkFailure) {
      for (index, chunk) in chunks.enumerated() {
        let plaintext = try opener.open(chunk.bytes, isLast: index == chunks.count - 1)
        content += [UInt8](plaintext.bytes)
      }
      try opener.finish()
    } catch {
      guard world.plant == .receiverKeepsDepositPieces else { throw error }
    }
    return content
  }
}
