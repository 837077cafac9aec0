import Cryptography
import FileTransfer
import SecretMemory
import Transport
import Wire

@testable import KeyDistribution

/// A whole deposit of alice's for bob, in its frames (PROTOCOL.md, 5.8), on a tape.
final class TapeParcel {
  private let scene: TapeDeposit
  /// As the sender makes them: letter, entries, chunks.
  let frames: [PeerFrame]
  let content: [UInt8]

  /// Sections `offer`, `deposit`, `entries`, `chunk n` and `parcel`.
  init(_ tape: Tape) throws {
    try tape.begin("offer")
    let fileKey = try tape.drawn("file-key", 32)
    content = World.bytes("a file", 4096) + World.bytes("that waits", 4096 + 5)
    let manifest = try Manifest(.files, sampleEntries(fileSize: UInt64(content.count)))
    let offer = Offer(fileKey: secret(fileKey), chunkSize: try chunkSize(4096), manifest)
    let offered = offer.encoded()
    scene = try TapeDeposit(tape, first: [UInt8](offered.bytes))
    try tape.begin("entries")
    let batch = try tape.given("plaintext", EntryBatch.batches(of: manifest)[0].encoded())
    let record = try scene.seal(batch)
    try tape.check("record", record)
    let sealed = try chunks(
      tape, of: content, fileKey: fileKey, binding: scene.handshakeHash)
    frames =
      [
        PeerFrame(type: .handshakeMessage1, payload: scene.letter),
        PeerFrame(type: .record, payload: record),
      ]
      + sealed.dropLast().map { PeerFrame(type: .chunk, payload: $0) }
      + sealed.suffix(1).map { PeerFrame(type: .lastChunk, payload: $0) }
    try tape.begin("parcel")
    let letter = scene.letter
    try tape.check("id", SHA256.hash(letter.bytes))
    try tape.check("bytes", Self.encoded(frames))
  }

  static func encoded(_ frames: [PeerFrame]) throws -> [UInt8] {
    try frames.flatMap { frame in
      try PeerFrameHeader(type: frame.type, payloadCount: frame.payload.count).bytes
        + frame.payload
    }
  }

  /// The chunks of another deposit for bob: of the same content, in a letter of its own.
  func otherChunks() throws -> [PeerFrame] {
    let key = World.bytes("another file key", 32)
    let hash = World.bytes("another handshake hash", 32)
    var sealer = ChunkSealer(
      fileKey: secret(key), binding: hash.bytes, chunkSize: try chunkSize(4096))
    return stride(from: 0, to: content.count, by: 4096).map { start in
      let piece = [UInt8](content[start...].prefix(4096))
      let isLast = start + 4096 >= content.count
      let sealed = sealer.seal(piece.bytes, isLast: isLast)
      return PeerFrame(type: isLast ? .lastChunk : .chunk, payload: [UInt8](sealed.bytes))
    }
  }

  // MARK: Opening

  /// What bob makes of the bytes of a deposit (V5), all of which have to be good.
  func open(_ bytes: [UInt8]) throws -> [UInt8] {
    var frames = try Self.frames(of: bytes)[...]
    let opened = try scene.open(try Self.next(.handshakeMessage1, of: &frames))
    let first = opened.firstRecord
    var opener = opened.opener
    let offer = try Offer(first.bytes)
    var list = ManifestReader(offer)
    while !list.isComplete {
      let record = try Self.next(.record, of: &frames)
      let message = try opener.open(record.bytes)
      try list.take(message.bytes)
    }
    let manifest = try list.finish()
    var chunks = ChunkOpener(
      fileKey: offer.fileKey, binding: opener.handshakeHash.bytes, chunkSize: offer.chunkSize,
      announcedSize: manifest.totalSize)
    var content: [UInt8] = []
    for frame in frames {
      guard frame.type == .chunk || frame.type == .lastChunk else { throw ParcelRefused() }
      let piece = try chunks.open(frame.payload.bytes, isLast: frame.type == .lastChunk)
      content += [UInt8](piece.bytes)
    }
    try chunks.finish()
    return content
  }

  private static func frames(of bytes: [UInt8]) throws -> [PeerFrame] {
    var frames: [PeerFrame] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let head = [UInt8](rest.prefix(PeerFrameHeader.byteCount))
      let header = try PeerFrameHeader(head.bytes)
      rest = rest.dropFirst(head.count)
      guard rest.count >= header.payloadCount else { throw ParcelRefused() }
      let payload = [UInt8](rest.prefix(header.payloadCount))
      frames.append(PeerFrame(type: header.type, payload: payload))
      rest = rest.dropFirst(header.payloadCount)
    }
    return frames
  }

  private static func next(
    _ type: PeerFrameType, of frames: inout ArraySlice<PeerFrame>
  ) throws -> [UInt8] {
    guard let frame = frames.popFirst(), frame.type == type else { throw ParcelRefused() }
    return frame.payload
  }
}

/// A frame is missing, in another's place, or cut.
struct ParcelRefused: Error {}
