import FileTransfer
import FuzzSupport
import SecretMemory

@testable import KeyDistribution

/// All that Alice sends to Bob: her offer, and the frames after it, honest or not.
struct HostileSender {
  /// The first record, opened.
  let offer: [UInt8]
  /// Everything after it.
  let bytes: [UInt8]
  let isHonest: Bool
  /// All that a receiver may have in the end: what was there, and what was sealed, in its order.
  let content: [UInt8]

  private static let chunkByteCount = 4096

  /// - Parameter earlier: what was sealed the last time.
  init(_ list: OfferedList, after earlier: [UInt8], _ input: inout FuzzInput) {
    var session = FuzzSupport.Person.alice.session(with: .bob, isCaller: true)
    let binding = session.handshakeHash
    func sealed(_ plaintext: [UInt8]) -> [UInt8] {
      (try? session.seal(plaintext.bytes.extracting(first: PeerSession.recordLimit))) ?? []
    }
    let isOfferHonest = input.byte() & 3 != 3
    offer = isOfferHonest ? list.offer : list.offer.mutated(by: &input)
    var frames = HostileFrames()
    frames.add(HostileFrames.record, list.batch, &input, seal: sealed)
    let isFromStart = input.byte() & 3 != 3
    let start = Start(offset: isFromStart ? 0 : UInt64(input.byte()) * 17)
    frames.add(HostileFrames.record, start.encoded(), &input, seal: sealed)
    let content = [UInt8](list.content.dropFirst(Int(start.offset)))
    var sealedContent = [UInt8](earlier.prefix(Int(start.offset)))
    var isComplete = false
    let forge = ChunkForge(fileKey: OfferedList.fileKey, binding: binding)
    var number: UInt64 = 0
    let count = max(1, (content.count + Self.chunkByteCount - 1) / Self.chunkByteCount)
    for index in 0..<count {
      let chunk = content.dropFirst(index * Self.chunkByteCount).prefix(Self.chunkByteCount)
      let isLast = index == count - 1
      frames.add(isLast ? HostileFrames.lastChunk : HostileFrames.chunk, [UInt8](chunk), &input) {
        if !isComplete { sealedContent += $0 }
        isComplete = isComplete || isLast
        defer { number += 1 }
        return forge.seal($0, number: number, isLast: isLast)
      }
    }
    isHonest = isOfferHonest && isFromStart && frames.isHonest
    bytes = frames.bytes
    self.content = sealedContent
  }
}
