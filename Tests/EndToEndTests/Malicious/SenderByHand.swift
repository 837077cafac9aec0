import Cryptography
import FileTransfer
import SecretMemory
import Transport
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// A sender who has proven who it is, and takes each step of a transfer when the test says so.
struct SenderByHand: ~Copyable {
  private static let patience = Interval.seconds(20)

  private var connection: PeerConnection
  private let manifest: Manifest
  private var sealer: ChunkSealer

  /// - Parameters:
  ///   - name: of a user, whom the receiver meets for the first time or has met like this.
  ///   - size: of the file that is offered.
  static func call(
    _ receiver: String, as name: String, by kdc: MaliciousKDC, file: String, size: UInt64
  ) throws -> SenderByHand {
    guard let path = EntryPath(file), let chunkSize = ChunkSize(4096) else {
      throw TestProblem("offer", code: 0)
    }
    let entry = TransferEntry(
      path: path, kind: .file(size: size), permissions: 0o644, modified: Timestamp(milliseconds: 1))
    let manifest = try Manifest(.files, [entry])
    let key = [UInt8](repeating: 7, count: 32)
    var connection = try kdc.call(receiver, as: name)
    let binding = connection.session.handshakeHash
    let sealer = ChunkSealer(
      fileKey: SecretBytes(copying: key.bytes), binding: binding.bytes, chunkSize: chunkSize)
    let offer = Offer(fileKey: SecretBytes(copying: key.bytes), chunkSize: chunkSize, manifest)
    let record = offer.encoded()
    try connection.send(record.bytes)
    return SenderByHand(connection: connection, manifest: manifest, sealer: sealer)
  }

  mutating func list() throws {
    for batch in EntryBatch.batches(of: manifest) {
      let record = batch.encoded()
      try connection.send(record.bytes)
    }
  }

  mutating func answer() throws -> FileTransfer.Answer {
    let record = try connection.receive(stallLimit: Self.patience)
    return try FileTransfer.Answer(record.bytes)
  }

  /// The whole list, and the start once the receiver has accepted.
  mutating func begin() throws {
    try list()
    guard case .accepted = try answer() else { throw TestProblem("not accepted", code: 0) }
    let start = Start(offset: 0).encoded()
    try connection.send(start.bytes)
  }

  mutating func chunk(_ content: [UInt8], isLast: Bool) throws {
    let chunk = sealer.seal(content.bytes, isLast: isLast)
    try connection.stream.sendPeerFrame(
      isLast ? .lastChunk : .chunk, payload: chunk.bytes, stallLimit: Self.patience)
  }

  /// Bytes that no key has sealed, in the place of a chunk.
  mutating func garbage() throws {
    let garbage = randomBytes(4096 + 16)
    try connection.stream.sendPeerFrame(.chunk, payload: garbage.bytes, stallLimit: Self.patience)
  }

  mutating func abort() throws {
    let abort = Abort(.sourceFailed).encoded()
    try connection.send(abort.bytes)
  }

  mutating func receipt() throws -> Receipt {
    let record = try connection.receive(stallLimit: Self.patience)
    return try Receipt(record.bytes)
  }
}
