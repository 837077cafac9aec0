import Cryptography
import KeyDistribution
import MailboxService
import SecretMemory
import Wire

/// Something that a person leaves with the mailbox: steps V1 to V3, again and again until it is
/// stored.
final class Leaving {
  private let person: Person
  private let receiver: PrincipalName
  private let id: DepositID
  private let bytes: [UInt8]
  private var line: MailboxLine?
  private var triesLeft = 5

  private var world: World { person.world }
  private static let pieceByteCount = 5000

  init?(_ person: Person, _ deposit: SealedFrames, for receiver: PrincipalName) {
    guard let id = DepositID(SHA256.hash(deposit.letter.bytes)) else { return nil }
    self.person = person
    self.receiver = receiver
    self.id = id
    bytes = deposit.encoded()
  }

  func start() {
    triesLeft -= 1
    let line = MailboxLine(person) { [self] in
      receive($0)
    } broke: { [self] in
      broke()
    }
    self.line = line
    line.send(
      MailboxRequest.leave(for: receiver, id, byteCount: UInt64(bytes.count)).encoded())
  }

  private func receive(_ record: [UInt8]) {
    switch try? MailboxReply(record.bytes) {
    case .goOn(let offset):
      let start = Int(clamping: offset)
      guard start < bytes.count else { return end() }
      line?.send([UInt8](bytes[start..<min(start + Self.pieceByteCount, bytes.count)]))
    case .stored:
      world.note(.stored, "\(person.endpoint)'s for \(receiver)")
      world.judge.stored(id, for: receiver, bytes)
      end()
    default:
      end()
    }
  }

  private func end() {
    line?.hangUp()
    line = nil
  }

  private func broke() {
    line = nil
    // A planted bug: a mailbox that says nothing has it.
    if world.plant == .senderTakesSilenceForStored { world.judge.stored(id, for: receiver, bytes) }
    guard triesLeft > 0 else { return }
    let life = person.life
    world.after(.random(1_000...60_000, &world.mail)) { [self] _ in
      if person.life == life { start() }
    }
  }
}

/// A deposit: a letter and what follows it (PROTOCOL.md, 5.8).
struct SealedFrames {
  var letter: [UInt8]
  var records: [[UInt8]]
  var chunks: [[UInt8]]

  var frames: [[UInt8]] { [letter] + records + chunks }

  init(letter: [UInt8], records: [[UInt8]], chunks: [[UInt8]]) {
    self.letter = letter
    self.records = records
    self.chunks = chunks
  }

  private enum Kind: UInt8 {
    case letter, record, chunk
  }

  /// Each frame after its kind and its length.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    func add(_ kind: Kind, _ frame: [UInt8]) {
      bytes.append(kind.rawValue)
      for shift in stride(from: 24, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: frame.count >> shift))
      }
      bytes += frame
    }
    add(.letter, letter)
    for record in records { add(.record, record) }
    for chunk in chunks { add(.chunk, chunk) }
    return bytes
  }

  /// Nil for what is none.
  init?(_ bytes: [UInt8]) {
    self.init(letter: [], records: [], chunks: [])
    var rest = bytes[...]
    while let kind = rest.popFirst() {
      guard let kind = Kind(rawValue: kind), rest.count >= 4 else { return nil }
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard rest.count >= count else { return nil }
      let frame = [UInt8](rest.prefix(count))
      rest = rest.dropFirst(count)
      switch kind {
      case .letter: letter = frame
      case .record: records.append(frame)
      case .chunk: chunks.append(frame)
      }
    }
  }
}
