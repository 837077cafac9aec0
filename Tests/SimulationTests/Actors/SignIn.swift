import Cryptography
import KeyDistribution
import SecretMemory
import Wire

/// One try to register, where that is to be done, and to log in: steps E, S, R and L.
final class SignIn: PacketHandler {
  private enum State: ~Copyable {
    case epoch
    case salt(ExpectSalt)
    case registration(ExpectRegistration, keyVersion: UInt32)
    case login(ExpectLogin, keyVersion: UInt32)
  }

  private let person: Person
  private let world: World
  private let channel: Int
  /// Which KDC is asked.
  private let place: Int
  /// In which process.
  private let life: Int
  private var state: State?
  private var isClosed = false
  private var isTaken = false
  /// Whether to log in with the secret that may be in force.
  private let isCandidate: Bool

  private static let patience = Interval.seconds(4)

  init(_ person: Person) {
    self.person = person
    world = person.world
    channel = world.newChannel()
    place = person.place
    life = person.life
    isCandidate = person.candidate != nil && person.triesCandidate
    person.triesCandidate = !isCandidate
  }

  func start() {
    person.handle(channel, with: self)
    world.after(Self.patience) { [weak self] _ in
      if let self, person.life == life { giveUp() }
    }
    do {
      // Clients keep an epoch key, and find out that it is too old by what the KDC says.
      if let epoch = person.epochs[place], world.choices.chance(700) {
        try askForSalt(epoch)
      } else {
        send(AnnouncedEpoch.request)
        state = .epoch
      }
    } catch {
      fail(error)
    }
  }

  func receive(_ packet: Packet) {
    guard person.life == life, packet.from == .center(place), let state = state.take() else {
      return
    }
    do {
      switch consume state {
      case .epoch:
        let epoch = try AnnouncedEpoch(packet.bytes.bytes).accept(
          pinned: world.realmKeys.realm, at: person.trustedTime)
        person.epochs[place] = epoch
        try askForSalt(epoch)
      case .salt(let expected):
        let salt = try expected.receive(packet.bytes.bytes).value
        if person.isRegistered { try logIn(salt.keyVersion) } else { try register(salt) }
      case .registration(let expected, let keyVersion):
        try receiveRegistration(expected, keyVersion, packet.bytes)
      case .login(let expected, let keyVersion):
        let credential = try expected.receive(packet.bytes.bytes)
        person.learn(credential.grantedAt)
        found(at: credential.grantedAt)
        world.note(.loggedIn, "\(person.endpoint) as \(person.name)")
        person.isRegistered = true
        world.judge.acknowledged(person)
        close()
        person.begin(credential, keyVersion: keyVersion)
      }
    } catch {
      fail(error)
    }
  }

  private func askForSalt(_ epoch: VerifiedEpoch) throws {
    let asked = try epoch.askForSalt(of: person.name)
    send(asked.message)
    state = .salt(asked.next)
  }

  private func register(_ salt: SaltReply) throws {
    guard let epoch = person.epochs[place] else { return giveUp() }
    let asked = try epoch.register(
      person.name, salt: salt, digest: person.digest, identity: person.identity, port: 60_000)
    world.judge.asked(
      asked.message, by: person, .registration, keyVersion: salt.keyVersion)
    send(asked.message)
    state = .registration(asked.next, keyVersion: salt.keyVersion)
  }

  private func receiveRegistration(
    _ expected: consuming ExpectRegistration, _ keyVersion: UInt32, _ message: [UInt8]
  ) throws {
    do {
      _ = try expected.receive(message.bytes)
      world.note(.registered, "\(person.endpoint) as \(person.name)")
      person.isRegistered = true
      world.judge.acknowledged(person)
    } catch ExchangeFailure.nameTaken {
      // By somebody else; or by ourselves, in a try whose answer was lost.
      isTaken = true
      world.note(.nameLost, "\(person.endpoint) hears that \(person.name) is taken")
    }
    try logIn(keyVersion)
  }

  private func logIn(_ keyVersion: UInt32) throws {
    guard let epoch = person.epochs[place] else { return giveUp() }
    let asked = try epoch.logIn(
      person.name, keyVersion: keyVersion,
      digest: person.digest(ofCandidate: isCandidate), identity: person.identity,
      loginKey: world.keys.agreementKey(), lifetime: .random(60_000...1_800_000, &world.choices),
      keyLifetime: .days(30),
      at: person.clock)
    world.judge.asked(asked.message, by: person, .login, keyVersion: keyVersion)
    send(asked.message)
    state = .login(asked.next, keyVersion: keyVersion)
  }

  /// A login was granted: that says which of two secrets was in force then, and, of the old one
  /// after some time, that it stays.
  private func found(at time: Timestamp) {
    guard let candidate = person.candidate else { return }
    if isCandidate { return person.settle(isChanged: true) }
    if time > candidate.askedAt + Person.changeLimit { person.settle(isChanged: false) }
  }

  private func send(_ message: [UInt8]) {
    person.send(message, to: .center(place), channel: channel)
  }

  private func fail(_ error: any Error) {
    world.note(.refused, "\(person.endpoint) signing in: \(error)")
    if case ExchangeFailure.failed = error { person.epochs[place] = nil }
    if case ExchangeFailure.epochNotCurrent = error { person.doubtTime() }
    giveUp()
  }

  private func giveUp() {
    guard close() else { return }
    person.tryElsewhere(than: place)
    // Who has lost the name to somebody else asks again, but not all the time.
    person.signInLater(
      isTaken ? .random(300_000...900_000, &world.choices) : .random(1_000...8_000, &world.choices))
  }

  /// - Returns: whether this try was going on.
  @discardableResult
  private func close() -> Bool {
    state = nil
    let wasOpen = !isClosed
    isClosed = true
    person.close(channel)
    return wasOpen
  }
}
