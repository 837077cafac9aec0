import KeyDistribution
import SecretMemory
import Wire

/// A mailbox as its receivers must expect it: it keeps what is left, and shows it whole, or not, or
/// twice, or to somebody else, or bent. The session with it is one like any other, and left out.
final class SimulatedMailbox {
  /// What a sender has left: a letter and what follows it (PROTOCOL.md, 5.8).
  struct Deposit {
    let receiver: PrincipalName
    var letter: [UInt8]
    var records: [[UInt8]]
    var chunks: [[UInt8]]

    var frames: [[UInt8]] { [letter] + records + chunks }
  }

  private unowned let world: World
  /// The oldest first.
  private var deposits: [Deposit] = []

  private static let limit = 30

  init(_ world: World) { self.world = world }

  func leave(_ deposit: Deposit) {
    for frame in deposit.frames {
      world.judge.seen(Packet(from: .attacker, to: .attacker, channel: 0, bytes: frame))
    }
    deposits.append(deposit)
    if deposits.count > Self.limit { deposits.removeFirst() }
  }

  /// What it shows to a receiver. Nothing is ever deleted here: what was collected comes again.
  func show(to receiver: PrincipalName) -> [Deposit] {
    var shown: [Deposit] = []
    for deposit in deposits {
      let isMeant = deposit.receiver == receiver
      guard isMeant || world.mail.chance(100), !world.mail.chance(100) else { continue }
      shown.append(world.mail.chance(300) ? bent(deposit) : deposit)
    }
    if world.mail.chance(200) { shown.reverse() }
    return shown
  }

  private func bent(_ deposit: Deposit) -> Deposit {
    var deposit = deposit
    let other = world.mail.pick(deposits)
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
