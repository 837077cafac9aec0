import Cryptography
import KeyDistribution
import SecretMemory
import Wire

/// A client with its user: signs in, receives and sends, over and over.
final class Person {
  unowned let world: World
  let index: Int
  let name: PrincipalName
  /// In the place of what a passphrase gives.
  private(set) var digest: SecretBytes
  /// Another secret, of which it is not known yet whether it is in force.
  var candidate: Candidate?
  /// Which of the two to sign in with next.
  var triesCandidate = false
  let identity: SigningKey
  private let receives: Bool
  private let sends: Bool
  /// What its programs remember on a disk.
  let device: Device
  /// KDC time as this machine knows it, and its own time.
  private var kdcClock: PartyClock
  private var ownClock: PartyClock
  /// Whether a KDC has told what time it is.
  private var knowsTime = true
  /// How many processes there have been.
  private(set) var life = 0
  /// Which KDC to ask.
  private(set) var place = 0

  /// The last epoch key that each KDC announced.
  var epochs: [Int: VerifiedEpoch] = [:]
  /// Whether the KDC ever said that the name is ours.
  var isRegistered = false
  private(set) var login: Login?
  /// What has been met and is on the disk, for the judge.
  private(set) var pins: [PrincipalName: VerifyingKey] = [:]
  /// What has been sent and not been confirmed, by receiver.
  var unconfirmed: [PrincipalName: SimulatedFile] = [:]
  /// What has come of files that are not whole, by sender and list.
  var partials: [[UInt8]: [UInt8]] = [:]
  /// Changes of secret that are believed not to be in force any more.
  private(set) var declined: [Candidate] = []
  private var handlers: [Int: any PacketHandler] = [:]
  /// A planted bug makes a sender use this one over and over.
  private let onlyEphemeral: AgreementKey

  /// A change of secret without an answer.
  final class Candidate {
    let digest: SecretBytes
    /// The time in the request.
    let askedAt: Timestamp
    /// Of the secret that is replaced.
    let keyVersion: UInt32
    /// By how much clocks of KDCs had been set back when it was believed not to be in force.
    var setBack = 0

    init(digest: consuming SecretBytes, askedAt: Timestamp, keyVersion: UInt32) {
      self.digest = digest
      self.askedAt = askedAt
      self.keyVersion = keyVersion
    }
  }

  /// When a change that has not been carried out will not be any more: the window of the request,
  /// and as much for a disk that takes its time.
  static let changeLimit = Interval.minutes(2)

  /// How far clocks are off at most.
  static let skewLimit = 20_000

  init(_ world: World, index: Int, name: String) {
    self.world = world
    self.index = index
    guard let name = PrincipalName(name) else { preconditionFailure("not a name: \(name)") }
    self.name = name
    digest = world.keys.secret(32)
    let seed = world.keys.secret(32)
    identity = SigningKey(seed: seed)
    device = Device(world, index: index, name: self.name, identitySeed: seed)
    onlyEphemeral = world.keys.agreementKey()
    receives = world.choices.chance(800)
    sends = world.choices.chance(800)
    kdcClock = PartyClock(offset: world.choices.number(in: -Self.skewLimit...Self.skewLimit))
    ownClock = kdcClock
    place = world.choices.below(world.centers.count)
  }

  var endpoint: Endpoint { .person(index) }

  /// KDC time as this client knows it.
  var clock: Timestamp { kdcClock.time(at: world.now) }

  var clocks: PeerTrust.Clocks {
    let own = ownClock.time(at: world.now)
    return PeerTrust.Clocks(kdc: world.plant == .receiverTrustsOwnClock ? own : clock, own: own)
  }

  /// What tells whether an epoch key is one of now.
  var trustedTime: TrustedTime {
    knowsTime ? .kdcClock(clock) : .wallClock(ownClock.time(at: world.now))
  }

  /// A KDC has told what time it is.
  func learn(_ time: Timestamp) {
    kdcClock.set(to: time, at: world.now)
    knowsTime = true
  }

  func doubtTime() { knowsTime = false }

  /// This machine's own clock is set to another time.
  func jumpClock() {
    let limit = world.choices.chance(700) ? 900_000 : 7_200_000
    let distance = world.choices.number(in: -limit...limit)
    ownClock = PartyClock(offset: distance)
    world.note(.jumped, "\(endpoint) by \(distance) ms")
  }

  /// The KDC did not answer: another one may.
  func tryElsewhere(than center: Int) {
    if place == center { place = (place + 1) % world.centers.count }
  }

  // MARK: Processes

  /// Every program of this person has come to its end; others begin.
  func crash(_ death: SimulatedDisk.Death) {
    life += 1
    login = nil
    epochs = [:]
    handlers = [:]
    partials = [:]
    device.restart(after: death)
    world.note(.restarted, "\(endpoint)")
    world.judge.checkDevice(of: self)
    signInLater(.random(500...30_000, &world.choices))
  }

  /// In the midst of what they write, or at any other moment.
  func crashNowAndThen() {
    world.after(.random(30_000...600_000, &world.choices)) { [self] world in
      if world.choices.chance(700) {
        device.disk.die(after: world.choices.number(in: 1...8))
      } else {
        crash(world.choices.chance(500) ? .program : .machine)
      }
      crashNowAndThen()
    }
  }

  /// Whether the disk has ended the programs.
  func checkDisk() {
    if device.disk.isDead { crash(world.choices.chance(500) ? .program : .machine) }
  }

  // MARK: Packets

  func receive(_ packet: Packet) {
    if let handler = handlers[packet.channel] { return handler.receive(packet) }
    guard packet.frame == .firstHandshake, let login, login.isReceiving else { return }
    ReceivingSession(login, channel: packet.channel, peer: packet.from).receive(packet)
  }

  func handle(_ channel: Int, with handler: any PacketHandler) { handlers[channel] = handler }

  func close(_ channel: Int) { handlers[channel] = nil }

  func send(_ bytes: [UInt8], to: Endpoint, channel: Int, isDatagram: Bool = false) {
    world.network.send(
      Packet(from: endpoint, to: to, channel: channel, isDatagram: isDatagram, bytes: bytes))
  }

  func send(_ frame: Frame, _ payload: [UInt8], to: Endpoint, channel: Int) {
    send([frame.rawValue] + payload, to: to, channel: channel)
  }

  // MARK: Life

  func signIn() { SignIn(self).start() }

  func signInLater(_ pause: Interval) {
    let life = life
    world.after(pause) { [self] _ in
      if login == nil, self.life == life { signIn() }
    }
  }

  /// The KDC has granted a login.
  func begin(_ credential: consuming Credential, keyVersion: UInt32) {
    let login = Login(self, credential, keyVersion: keyVersion)
    self.login = login
    changeLater(login)
    if receives {
      login.keepAnnouncing()
      login.askForReach()
    }
    if sends { sendLater(login) }
    login.takeDeposits()
    login.keepMail()
    // Some leave before their time, some of them without a word.
    guard world.choices.chance(400) else { return }
    world.after(.random(30_000...600_000, &world.choices)) { [self] world in
      guard self.login === login else { return }
      if world.choices.chance(500) { login.withdraw() }
      self.login = nil
      signInLater(.random(1_000...900_000, &world.choices))
    }
  }

  /// Some change their secret; who does not know which of two is in force signs in again.
  private func changeLater(_ login: Login) {
    guard candidate != nil || world.choices.chance(600) else { return }
    world.after(.random(10_000...200_000, &world.choices)) { [self] world in
      guard self.login === login else { return }
      if candidate == nil { return SecretChange(self).start() }
      self.login = nil
      signIn()
    }
  }

  /// One of the two secrets, while there are two.
  func digest(ofCandidate isCandidate: Bool) -> SecretBytes {
    guard isCandidate, let candidate else { return digest.duplicate() }
    return candidate.digest.duplicate()
  }

  /// It is known which secret is in force.
  func settle(isChanged: Bool) {
    guard let candidate else { return }
    self.candidate = nil
    triesCandidate = false
    if !isChanged {
      candidate.setBack = world.setBack
      declined.append(candidate)
    }
    if isChanged { digest = candidate.digest.duplicate() }
    world.judge.settled(self, isChanged: isChanged)
  }

  func end(_ login: Login) {
    guard self.login === login else { return }
    self.login = nil
    signInLater(.random(1_000...60_000, &world.choices))
  }

  /// A declined change is in force after all, since a KDC's clock was set back.
  func adopt(_ candidate: Candidate) { digest = candidate.digest.duplicate() }

  /// - Returns: whether a peer who has proven itself is pinned now.
  func pin(_ peer: TrustedPeer) -> Bool {
    let before = device.disk.callCount
    let isPinned = device.pin(peer)
    // What a process finds there it need not have written, nor waited for.
    let isWritten = isPinned && !device.disk.isDead && device.disk.callCount > before
    if isWritten { pins[peer.name] = peer.identity }
    checkDisk()
    return isPinned
  }

  private func sendLater(_ login: Login) {
    world.after(.random(2_000...90_000, &world.choices)) { [self] world in
      // The last minute is left for what is under way.
      guard self.login === login, world.now < World.start + World.duration - .minutes(1)
      else { return }
      let peer = world.choices.pick(world.people).name
      if peer != name { login.sendFile(to: peer, ephemeral: nextEphemeral()) }
      sendLater(login)
    }
  }

  private func nextEphemeral() -> AgreementKey {
    world.plant == .senderReusesEphemeral
      ? onlyEphemeral.duplicate() : world.keys.agreementKey()
  }
}
