import Wire

/// Carries packets, badly. It remembers what passed, for those who listen on the way.
final class Network {
  private unowned let world: World
  /// What passed last, the newest at the end.
  private(set) var archive: [Packet] = []
  /// Every first handshake message that ever passed, arrived or not.
  private(set) var initiations: [Packet] = []
  /// When the last packet of a connection arrives, for each end: order is kept unless it is broken.
  private var lastArrivals: [Way: Timestamp] = [:]

  private static let archiveLimit = 400

  private struct Way: Hashable {
    let channel: Int
    let to: Endpoint
  }

  init(_ world: World) { self.world = world }

  /// What an honest party sends: somebody on the way sees it, and it may get lost.
  func send(_ packet: Packet) {
    world.judge.seen(packet)
    if world.judge.changeTime(of: packet.bytes) != nil,
      world.choices.chance(3 * world.weather.interceptions)
    {
      return deliver(packet, at: world.now + .random(30_000...540_000, &world.choices))
    }
    if packet.isInitiation, world.choices.chance(world.weather.interceptions) {
      return deliver(packet, at: world.now + .random(540_000...840_000, &world.choices))
    }
    archive.append(packet)
    if packet.isInitiation { initiations.append(packet) }
    if archive.count > 2 * Self.archiveLimit { archive.removeFirst(Self.archiveLimit) }
    if world.choices.chance(world.weather.drops) { return world.count(.dropped) }
    carry(packet)
    if world.choices.chance(world.weather.duplicates) { carry(packet) }
  }

  /// What an attacker sends: it is not in the archive, and always arrives.
  func inject(_ packet: Packet) {
    world.count(.injected)
    deliver(packet, at: world.now + .random(1...world.weather.delay, &world.choices))
  }

  private func carry(_ packet: Packet) {
    var packet = packet
    if world.choices.chance(world.weather.corruptions), !packet.bytes.isEmpty {
      packet.bytes[world.choices.below(packet.bytes.count)] ^= 1 << world.choices.below(8)
      world.count(.corrupted)
    }
    var arrival = world.now + .random(1...world.weather.delay, &world.choices)
    if world.choices.chance(world.weather.holds) {
      world.count(.held)
      return deliver(packet, at: world.now + .random(1_000...1_200_000, &world.choices))
    }
    let way = Way(channel: packet.channel, to: packet.to)
    if !packet.isDatagram, !world.choices.chance(world.weather.reorderings) {
      arrival = max(arrival, lastArrivals[way] ?? arrival)
      lastArrivals[way] = arrival
    }
    deliver(packet, at: arrival)
  }

  private func deliver(_ packet: Packet, at time: Timestamp) {
    world.at(time) { world in
      let isCut = world.partitions.separate(.endpoint(packet.from), .endpoint(packet.to))
      if isCut { world.count(.cutOff) } else { world.deliver(packet) }
    }
  }
}
