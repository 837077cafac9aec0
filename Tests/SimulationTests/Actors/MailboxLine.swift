import KeyDistribution
import Wire

/// A person's connection to the mailbox: records go there and come back in their order, or it
/// breaks.
final class MailboxLine {
  private let person: Person
  private let number: Int
  private let incarnation: Int
  private var isOver = false
  /// When the last record arrives, either way.
  private var lastArrival: Timestamp
  private let receive: ([UInt8]) -> Void
  private let broke: () -> Void

  private var world: World { person.world }
  private static let patience = Interval.seconds(30)

  /// - Parameters:
  ///   - receive: gets every record that the mailbox sends.
  ///   - broke: is told when there will be none any more, unless it was hung up.
  init(
    _ person: Person, receive: @escaping ([UInt8]) -> Void, broke: @escaping () -> Void
  ) {
    self.person = person
    number = person.world.newChannel()
    incarnation = person.world.mailbox.incarnation
    lastArrival = person.world.now
    self.receive = receive
    self.broke = broke
    let life = person.life
    world.after(Self.patience) { [self] _ in
      if person.life == life { loseConnection() }
    }
  }

  func send(_ record: [UInt8]) {
    carry { [self] in
      guard world.mailbox.incarnation == incarnation,
        let replies = try? world.mailbox.answer(record, from: person.name, on: number)
      else { return loseConnection() }
      for reply in replies {
        carry { [self] in receive(reply) }
      }
    }
  }

  /// Not more than the weather: a connection repeats what is lost, or breaks.
  private func carry(_ action: @escaping () -> Void) {
    guard !isOver else { return }
    if world.mail.chance(world.weather.drops / 5) { return loseConnection() }
    lastArrival = max(
      lastArrival, world.now + .random(1...world.weather.delay, &world.mail))
    let life = person.life
    world.at(lastArrival) { [self] world in
      guard !isOver else { return }
      guard person.life == life else { return hangUp() }
      if world.partitions.separate(.mailbox, .endpoint(person.endpoint)) { return }
      action()
    }
  }

  func hangUp() {
    guard !isOver else { return }
    isOver = true
    if world.mailbox.incarnation == incarnation { world.mailbox.hangUp(number) }
  }

  private func loseConnection() {
    guard !isOver else { return }
    hangUp()
    broke()
  }
}
