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
  /// How far this machine's clock is off, in milliseconds.
  private let skew: Int

  /// The last epoch key that the KDC announced.
  var epoch: VerifiedEpoch?
  /// Whether the KDC ever said that the name is ours.
  var isRegistered = false
  private(set) var login: Login?
  private(set) var pins: [PrincipalName: VerifyingKey] = [:]
  /// What has been sent and not been confirmed, by receiver.
  var unconfirmed: [PrincipalName: SimulatedFile] = [:]
  /// What has come of files that are not whole, by sender and list.
  var partials: [[UInt8]: [UInt8]] = [:]
  /// Of logins that open deposits, and what was opened with them.
  var depositKeys: [Held<DepositKeys>] = []
  var taken: Set<DepositTag> = []
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
    identity = SigningKey(seed: world.keys.secret(32))
    onlyEphemeral = world.keys.agreementKey()
    receives = world.choices.chance(800)
    sends = world.choices.chance(800)
    skew = world.choices.number(in: -Self.skewLimit...Self.skewLimit)
  }

  var endpoint: Endpoint { .person(index) }

  /// KDC time as this client knows it.
  var clock: Timestamp {
    let distance = Interval.milliseconds(UInt64(skew.magnitude))
    return skew < 0 ? world.now - distance : world.now + distance
  }

  var clocks: PeerTrust.Clocks { PeerTrust.Clocks(kdc: clock, own: clock) }

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
    world.after(pause) { [self] _ in
      if login == nil { signIn() }
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
    if isChanged { digest = candidate.digest.duplicate() }
    world.judge.settled(self, isChanged: isChanged)
  }

  func end(_ login: Login) {
    guard self.login === login else { return }
    self.login = nil
    signInLater(.random(1_000...60_000, &world.choices))
  }

  func pin(_ peer: TrustedPeer) { pins[peer.name] = peer.identity }

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
