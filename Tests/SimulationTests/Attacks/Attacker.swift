import Wire

/// Somebody on the way who has heard everything and sends it again: whole, elsewhere, in pieces.
/// What it loses, holds back or damages is the network's weather.
final class Attacker {
  private let world: World

  init(_ world: World) { self.world = world }

  func start() {
    world.after(.random(300...9_000, &world.choices)) { [self] _ in
      act()
      start()
    }
  }

  private func act() {
    switch world.choices.below(6) {
    case 0: replay { _ in true }
    case 1: replay { $0.to.isCenter }
    case 2: replayInitiation(to: nil)
    case 3: replayInitiation(to: .person(world.choices.below(world.people.count)))
    case 4: splice()
    default: moveToAnotherRun()
    }
  }

  /// A packet from before, now and then of long ago and often of just now.
  private func heard(_ isWanted: (Packet) -> Bool) -> Packet? {
    heard(among: world.network.archive.filter(isWanted))
  }

  private func heard(among packets: [Packet]) -> Packet? {
    guard !packets.isEmpty else { return nil }
    return world.choices.pick(world.choices.chance(500) ? packets : packets.suffix(5))
  }

  /// The same bytes on the same channel; from the same address or another.
  private func replay(_ isWanted: (Packet) -> Bool) {
    guard var packet = heard(isWanted) else { return }
    if world.choices.chance(300) { packet.from = .attacker }
    if world.choices.chance(100) { packet.isDatagram.toggle() }
    world.network.inject(packet)
  }

  /// A first handshake message on a connection of its own, to its receiver or to somebody else.
  private func replayInitiation(to other: Endpoint?) {
    guard var packet = heard(among: world.network.initiations) else { return }
    packet.to = other ?? packet.to
    packet.from = .attacker
    packet.channel = world.newChannel()
    world.network.inject(packet)
  }

  /// The beginning of one message and the end of another of the same length. Both pieces are so long
  /// that no accident makes the result one of the two messages.
  private func splice() {
    guard var first = heard({ $0.bytes.count > 64 }),
      let second = heard({ $0.bytes.count == first.bytes.count && $0.to == first.to })
    else { return }
    let cut = world.choices.number(in: 32...first.bytes.count - 16)
    first.bytes = [UInt8](first.bytes[..<cut] + second.bytes[cut...])
    world.network.inject(first)
  }

  /// A frame of one run where the same frame of another is awaited.
  private func moveToAnotherRun() {
    guard var packet = heard({ !$0.to.isCenter && !$0.isDatagram }),
      let other = heard({ $0.to == packet.to && $0.channel != packet.channel })
    else { return }
    packet.channel = other.channel
    packet.from = other.from
    world.network.inject(packet)
  }
}
