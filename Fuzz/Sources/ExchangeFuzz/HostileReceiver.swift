import Cryptography
import FuzzSupport
import SecretMemory
import Synchronization

@testable import FileTransfer
@testable import KeyDistribution

/// Bob's end of a transfer, whose answer and receipt are honest or not, and come when they should
/// or not. On a thread of its own; what it has is looked at when it has ended.
final class HostileReceiver: @unchecked Sendable {
  private let wire: LocalConnection
  private var input: FuzzInput
  private let honestContent: [UInt8]
  private var session = FuzzSupport.Person.bob.session(with: .alice, isCaller: false)

  private(set) var isHonest = true
  /// Whether it has said, in a record that opens, that it has everything; it may have lied.
  private(set) var hasConfirmed = false
  /// Whether everything has come that the sender sends.
  private(set) var hasEverything = false
  /// What was there before, and what has come.
  private(set) var content: [UInt8] = []

  init(_ wire: consuming LocalConnection, _ input: FuzzInput, _ content: [UInt8]) {
    self.wire = wire
    self.input = input
    honestContent = content
  }

  func run() {
    answerAndReceive()
    wire.endWriting()
    // Until the sender has gone: nothing that it writes fails before it has read what was said.
    while wire.readFrame() != nil {}
  }

  private func answerAndReceive() {
    guard let offer = record(), let offered = try? Offer(offer.bytes) else { return }
    let isEarly = input.byte() & 7 == 7
    if isEarly {
      isHonest = false
    } else {
      guard record() != nil else { return }
    }
    guard say(answer()) else { return }
    if isEarly, record() == nil { return }
    guard let told = record(), let start = try? Start(told.bytes) else { return }
    content = [UInt8](honestContent.prefix(Int(start.offset)))
    let binding = session.handshakeHash
    let fileKey = offered.fileKey.duplicate()
    var opener = ChunkOpener(
      fileKey: fileKey, binding: binding.bytes, chunkSize: offered.chunkSize, announcedSize: nil)
    // A receipt before the end is a failure, or none.
    if input.byte() & 7 == 7 {
      isHonest = false
      guard say(receipt()) else { return }
    }
    while !opener.isFinished {
      guard let (type, chunk) = wire.readFrame(),
        let part = try? opener.open(chunk.bytes, isLast: type == HostileFrames.lastChunk)
      else { return }
      content += [UInt8](part.bytes)
    }
    let last = receipt()
    let wasHonest = isHonest
    isHonest =
      wasHonest
      && last
        == Receipt(
          .complete(exitStatus: 0), byteCount: UInt64(honestContent.count)
        ).encoded()
    hasEverything = true
    _ = say(last)
  }

  private func record() -> [UInt8]? {
    guard let (type, sealed) = wire.readFrame(), type == HostileFrames.record,
      let plaintext = try? session.open(sealed.bytes)
    else { return nil }
    return [UInt8](plaintext.bytes)
  }

  /// - Returns: whether there is more to say.
  private func say(_ message: [UInt8]) -> Bool {
    var frames = HostileFrames()
    frames.add(HostileFrames.record, message, &input) {
      if let receipt = try? Receipt($0.bytes), receipt.outcome == .complete(exitStatus: 0),
        receipt.byteCount == UInt64(honestContent.count)
      {
        hasConfirmed = true
      }
      return (try? session.seal($0.bytes.extracting(first: PeerSession.recordLimit))) ?? []
    }
    wire.write(frames.bytes)
    guard frames.isHonest else {
      // Nobody shall wait for what may never come: the rest is said at once.
      if isHonest, !frames.isOver {
        isHonest = false
        _ = say(receipt())
      }
      isHonest = false
      wire.endWriting()
      return false
    }
    return true
  }

  private func answer() -> [UInt8] {
    let choice = input.byte() % 8
    switch choice {
    case 1, 2, 3:
      // What was there may be what is sent, or not; there may be more of it than there is.
      let count = (Int(input.byte()) << 8 | Int(input.byte())) % (honestContent.count + 2)
      var hash = SHA256.hash([UInt8](honestContent.prefix(count)).bytes)
      if choice == 3 { hash[Int(input.byte()) % hash.count] ^= 1 }
      if count > honestContent.count { isHonest = false }
      return Answer.accepted(ResumePoint(offset: UInt64(count), hash: hash)).encoded()
    case 4:
      isHonest = false
      let reasons = TransferReason.allCases
      return Answer.refused(reasons[Int(input.byte()) % reasons.count]).encoded()
    default: return Answer.accepted(.beginning).encoded()
    }
  }

  private func receipt() -> [UInt8] {
    let complete = UInt64(honestContent.count)
    switch input.byte() % 8 {
    case 1: return Receipt(.complete(exitStatus: 0), byteCount: UInt64(input.byte())).encoded()
    case 2: return Receipt(.complete(exitStatus: input.byte()), byteCount: complete).encoded()
    case 3:
      let reasons = TransferReason.allCases
      return Receipt(.failed(reasons[Int(input.byte()) % reasons.count]), byteCount: complete)
        .encoded()
    case 4: return Receipt(.programStopped(exitStatus: input.byte()), byteCount: 0).encoded()
    default: return Receipt(.complete(exitStatus: 0), byteCount: complete).encoded()
    }
  }
}
