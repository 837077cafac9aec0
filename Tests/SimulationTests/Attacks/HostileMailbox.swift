import Wire

/// A mailbox as its receivers must expect it: besides what waits it shows what it has kept of
/// before, bent, or meant for somebody else.
final class HostileMailbox {
  private unowned let world: World
  /// The oldest first.
  private var kept: [SealedFrames] = []

  private static let limit = 12

  init(_ world: World) { self.world = world }

  /// What it shows when a receiver asks for a deposit.
  func bend(_ deposit: SealedFrames, for receiver: PrincipalName) -> [SealedFrames] {
    kept.append(deposit)
    if kept.count > Self.limit { kept.removeFirst() }
    guard world.mail.chance(500) else { return [] }
    let other = world.mail.pick(kept)
    return world.mail.chance(600) ? [bent(deposit), other] : [other, bent(other)]
  }

  private func bent(_ deposit: SealedFrames) -> SealedFrames {
    var deposit = deposit
    let other = world.mail.pick(kept)
    switch world.mail.below(7) {
    case 0: deposit.letter = flipped(deposit.letter)
    case 1: deposit.letter = other.letter
    case 2: deposit.chunks = other.chunks
    case 3: deposit.records = other.records
    case 4: deposit.chunks.removeLast()
    case 5: deposit.chunks = deposit.chunks.map { world.mail.chance(300) ? flipped($0) : $0 }
    default: deposit.chunks.swapAt(0, deposit.chunks.count - 1)
    }
    return deposit
  }

  private func flipped(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if !bytes.isEmpty { bytes[world.mail.below(bytes.count)] ^= 1 << world.mail.below(8) }
    return bytes
  }
}
