import Cryptography
import KeyDistribution
import SecretMemory
import Wire

/// One try to change a person's secret: steps E, S and C. Without an answer, later logins find out
/// which secret is in force.
final class SecretChange: PacketHandler {
  private enum State: ~Copyable {
    case epoch
    case salt(ExpectSalt)
    case change(ExpectChange)
  }

  private let person: Person
  private let world: World
  private let channel: Int
  /// Which KDC is asked.
  private let place: Int
  /// In which process.
  private let life: Int
  private var state: State?

  private static let patience = Interval.seconds(4)

  init(_ person: Person) {
    self.person = person
    world = person.world
    channel = world.newChannel()
    place = person.place
    life = person.life
  }

  func start() {
    person.handle(channel, with: self)
    world.after(Self.patience) { [weak self] _ in self?.close() }
    send(AnnouncedEpoch.request)
    state = .epoch
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
        let asked = try epoch.askForSalt(of: person.name)
        send(asked.message)
        self.state = .salt(asked.next)
      case .salt(let expected):
        try ask(try expected.receive(packet.bytes.bytes).value)
      case .change(let expected):
        try receive(expected, packet.bytes)
      }
    } catch {
      world.note(.refused, "\(person.endpoint) changing its secret: \(error)")
      close()
    }
  }

  /// Step C1. From here on the new secret may be in force.
  private func ask(_ salt: SaltReply) throws {
    // The person may have found out meanwhile that an earlier change is in force.
    guard let epoch = person.epochs[place], person.candidate == nil else { return close() }
    let candidate = Person.Candidate(
      digest: world.keys.secret(32), askedAt: person.clock, keyVersion: salt.keyVersion)
    person.candidate = candidate
    let asked = try epoch.changeSecret(
      of: person.name, salt: salt, from: person.digest, to: candidate.digest,
      identity: person.identity, at: candidate.askedAt)
    world.judge.asked(asked.message, by: person, .change, keyVersion: salt.keyVersion)
    send(asked.message)
    state = .change(asked.next)
  }

  /// Step C3.
  private func receive(_ expected: consuming ExpectChange, _ message: [UInt8]) throws {
    do throws(ExchangeFailure) {
      _ = try expected.receive(message.bytes)
    } catch {
      // A planted bug takes it for not made: what could not be written down may be there.
      let isBelieved = world.plant == .changerBelievesUnavailable && error == .unavailable
      if isBelieved { person.settle(isChanged: false) }
      throw error
    }
    world.note(.changed, "\(person.endpoint) as \(person.name)")
    person.settle(isChanged: true)
    close()
  }

  private func send(_ message: [UInt8]) {
    person.send(message, to: .center(place), channel: channel)
  }

  private func close() {
    state = nil
    person.close(channel)
  }
}
