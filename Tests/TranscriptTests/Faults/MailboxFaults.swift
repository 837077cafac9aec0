import FileTransfer
import KeyDistribution
import MailboxService
import SecretMemory
import Transport
import Wire

/// One fault each in a whole deposit (V5), and in what a mailbox is asked and answers (V1, V4).
let mailboxFaults: [Scenario] = [
  parcel("v5-cut", "The last chunk is missing.") { frames, _ in Array(frames.dropLast()) },
  parcel("v5-swapped", "Two chunks in the other order.") { frames, _ in
    [frames[0], frames[1], frames[3], frames[2], frames[4]]
  },
  parcel("v5-twice", "A chunk twice.") { frames, _ in
    Array(frames[...2]) + [frames[2]] + Array(frames[3...])
  },
  parcel("v5-left-out", "A chunk is left out.") { frames, _ in
    [frames[0], frames[1], frames[3], frames[4]]
  },
  parcel("v5-other-chunk", "A chunk of another deposit.") { frames, others in
    [frames[0], frames[1], frames[2], others[1], frames[4]]
  },
  parcel("v5-other-chunks", "The letter and list of one deposit, the chunks of another.") {
    frames, others in frames[...1] + others
  },
  parcel("v5-no-list", "The chunks follow the letter.") { frames, _ in
    [frames[0]] + frames[2...]
  },
  parcel("v5-list-late", "The entries come after a chunk.") { frames, _ in
    [frames[0], frames[2], frames[1]] + frames[3...]
  },
  parcel("v5-goes-on", "A chunk follows the last one.") { frames, _ in frames + [frames[2]] },
  parcel("v5-early-end", "A chunk is said to be the last, and nothing follows.") { frames, _ in
    [frames[0], frames[1], PeerFrame(type: .lastChunk, payload: frames[2].payload)]
  },
  bytes("v5-cut-frame", "The last byte is missing.") { [UInt8]($0.dropLast()) },
  bytes("v5-trailing", "A byte follows the last frame.") { $0 + [0] },
  request("v1-kind", "A request that there is not.", "V1") { [7] + bigEndian(UInt64(1)) },
  request("v1-short", "The number of bytes is cut.", "V1") { [UInt8](leave.dropLast()) },
  request("v1-trailing", "A byte follows the number of bytes.", "V1") { leave + [0] },
  request("v1-name", "The receiver's name has a capital letter.", "V1") {
    leave.with(0x42, at: 2)
  },
  request("v4-list-short", "A list after no number.", "V4") { [2] },
  request("v4-fetch-short", "A fetch without a number of bytes.", "V4") {
    [3] + bigEndian(UInt64(1)) + bigEndian(UInt64(0))
  },
  request("v4-collected-short", "A collected without its id.", "V4") {
    [4] + bigEndian(UInt64(1))
  },
  request("v4-refuse-none", "A refuse of nobody.", "V4") { [5] + [UInt8](repeating: 0, count: 65) },
  answer("v1-answer-kind", "An answer that there is not.", "V1") { [7] },
  answer("v1-reason", "A reason that there is not.", "V1") { [1, 7] },
  answer("v1-go-on-short", "A go on with half an offset.", "V1") { [2, 0, 0, 0, 0] },
  answer("v2-stored-trailing", "A byte follows stored.", "V2") { [3, 0] },
  answer("v4-more", "There is more, and there is nothing.", "V4") { [4, 1, 0, 0] },
  answer("v4-more-value", "More is neither 0 nor 1.", "V4") { [4, 2, 0, 1] + waiting(1) },
  answer("v4-count", "More is announced than there is.", "V4") { [4, 0, 0, 2] + waiting(1) },
  answer("v4-count-large", "501 deposits.", "V4") {
    [4, 0] + bigEndian(UInt16(501)) + (1...501).flatMap { waiting($0) }
  },
  answer("v4-order", "A number that is lower than the one before.", "V4") {
    [4, 0, 0, 2] + waiting(2) + waiting(1)
  },
  answer("v4-twice", "A number twice.", "V4") { [4, 0, 0, 2] + waiting(2) + waiting(2) },
]

private let leave: [UInt8] =
  [1] + padded("bob") + World.bytes("id", DepositID.byteCount) + bigEndian(UInt64(100))

private func padded(_ name: String) -> [UInt8] {
  let bytes = [UInt8](name.utf8)
  return [UInt8(bytes.count)] + bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
}

private func waiting(_ number: Int) -> [UInt8] {
  bigEndian(UInt64(number)) + padded("alice") + bigEndian(World.start.milliseconds)
    + bigEndian(UInt64(50)) + World.bytes("id", DepositID.byteCount)
}

/// - Parameter edit: makes what arrives of the frames of a deposit, and the chunks of another.
private func parcel(
  _ path: String, _ comment: String,
  edit: @escaping @Sendable ([PeerFrame], [PeerFrame]) -> [PeerFrame]
) -> Scenario {
  arriving(path, comment) { parcel in
    try TapeParcel.encoded(edit(parcel.frames, try parcel.otherChunks()))
  }
}

/// - Parameter edit: makes what arrives of the bytes of a deposit.
private func bytes(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  arriving(path, comment) { edit(try TapeParcel.encoded($0.frames)) }
}

private func arriving(
  _ path: String, _ comment: String, make: @escaping @Sendable (TapeParcel) throws -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "V5") { tape in
    let parcel = try TapeParcel(tape)
    try tape.begin("fault")
    let bytes = try tape.given("bytes", make(parcel))
    do { _ = try parcel.open(bytes) } catch {
      switch error {
      case is ParcelRefused, is TransportFailure, is WireError, is PeerFailure, is ManifestFault,
        is ChunkFailure:
        return "V5"
      default: throw error
      }
    }
    return nil
  }
}

private func request(
  _ path: String, _ comment: String, _ step: String,
  plaintext: @escaping @Sendable () -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    try tape.begin("request")
    let plaintext = try tape.given("plaintext", plaintext())
    return try refused(at: step, as: WireError.self) { _ = try MailboxRequest(plaintext.bytes) }
  }
}

private func answer(
  _ path: String, _ comment: String, _ step: String,
  plaintext: @escaping @Sendable () -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    try tape.begin("mailbox answer")
    let plaintext = try tape.given("plaintext", plaintext())
    return try refused(at: step, as: WireError.self) { _ = try MailboxReply(plaintext.bytes) }
  }
}
