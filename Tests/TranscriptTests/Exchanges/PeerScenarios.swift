import Cryptography
import FileTransfer
import SecretMemory
import Wire

@testable import KeyDistribution

let peerScenarios = [
  Scenario("peer/session", "P1-P3, F1-F4: a handshake and a file, from both ends.", run: session),
  Scenario("peer/refusals", "F2-F4: an abort, a refusal, a failing receipt.", run: refusals),
  Scenario("peer/empty-file", "F3: the one chunk of an empty file.") { tape in
    try tape.begin("keys")
    let fileKey = try tape.drawn("file-key", 32)
    let binding = try tape.drawn("handshake-hash", 32)
    try chunks(tape, of: [], fileKey: fileKey, binding: binding)
  },
]

private func session(_ tape: Tape) throws {
  let peers = try TapePeers(tape)
  let hello = try peers.hello()
  try peers.checkTicket()
  let ends = try peers.answer(hello)
  var sender = ends.sender
  let awaiting = ends.responder

  try tape.begin("offer")
  let file = World.bytes("a file", 4096 + 5)
  let fileKey = try tape.drawn("file-key", 32)
  let manifest = try Manifest(.files, sampleEntries(fileSize: UInt64(file.count)))
  let offer = Offer(fileKey: secret(fileKey), chunkSize: try chunkSize(4096), manifest)
  let plaintext = offer.encoded()
  try tape.check("plaintext", [UInt8](plaintext.bytes))
  let first = try sender.seal(plaintext.bytes)
  try tape.check("record", first)
  let accepted = try awaiting.receive(first.bytes)
  try tape.check("ticket-id", accepted.ticketID)
  let record = accepted.firstRecord
  var receiver = accepted.session
  let read = try Offer(record.bytes)
  try tape.require(read.entryCount == 4 && read.totalSize == 4101, "the offer")
  try tape.begin("entries")
  let batches = EntryBatch.batches(of: manifest)
  try tape.require(batches.count == 1, "one record")
  try answer(tape, batches[0].encoded(), from: &sender, to: &receiver)
  var reader = ManifestReader(read)
  try reader.take(batches[0].encoded().bytes)
  try tape.require(try reader.finish() == manifest, "the list")

  try tape.begin("answer")
  let kept = Array(World.bytes("another file", 4096))
  let point = ResumePoint(offset: 4096, hash: SHA256.hash(kept.bytes))
  try answer(tape, Answer.accepted(point).encoded(), from: &receiver, to: &sender)
  try tape.begin("start")
  let own = Array(file.prefix(4096))
  let start = point.start(ownHash: SHA256.hash(own.bytes))
  try tape.require(start.offset == 0, "another file starts again")
  try answer(tape, start.encoded(), from: &sender, to: &receiver)
  try chunks(tape, of: file, fileKey: fileKey, binding: sender.handshakeHash)
  try tape.begin("receipt")
  let receipt = Receipt(.complete(exitStatus: 0), byteCount: UInt64(file.count))
  try answer(tape, receipt.encoded(), from: &receiver, to: &sender)
}

/// A folder with a file, a link, and an empty folder.
func sampleEntries(fileSize: UInt64) throws -> [TransferEntry] {
  func entry(_ path: String, _ kind: TransferEntry.Kind, _ mode: UInt16) throws -> TransferEntry {
    guard let path = EntryPath(path) else { throw TranscriptProblem("path") }
    return TransferEntry(
      path: path, kind: kind, permissions: mode,
      modified: Timestamp(milliseconds: 1_700_000_000_000))
  }
  return [
    try entry("papers", .folder, 0o755),
    try entry("papers/empty", .folder, 0o700),
    try entry("papers/latest", .link(target: "report.pdf"), 0),
    try entry("papers/report.pdf", .file(size: fileSize), 0o644),
  ]
}

private func refusals(_ tape: Tape) throws {
  let peers = try TapePeers(tape)
  let ends = try peers.answer(try peers.hello())
  var sender = ends.sender
  let awaiting = ends.responder
  try tape.begin("abort")
  let abort = Abort(.sourceFailed)
  let first = try sender.seal(abort.encoded().bytes)
  try tape.check("record", first)
  let accepted = try awaiting.receive(first.bytes)
  let record = accepted.firstRecord
  var receiver = accepted.session
  try tape.require(try Abort(record.bytes) == abort, "the abort")
  try tape.begin("answer")
  try answer(tape, Answer.refused(.declined).encoded(), from: &receiver, to: &sender)
  try tape.begin("receipt")
  let receipt = Receipt(.failed(.noSpace), byteCount: 4096)
  try answer(tape, receipt.encoded(), from: &receiver, to: &sender)
}

/// A record of the receiver's, sealed by one end and opened by the other.
private func answer(
  _ tape: Tape, _ plaintext: [UInt8], from receiver: inout PeerSession,
  to sender: inout PeerSession
) throws {
  try tape.check("plaintext", plaintext)
  let record = try receiver.seal(plaintext.bytes)
  try tape.check("record", record)
  let opened = try sender.open(record.bytes)
  try tape.require([UInt8](opened.bytes) == plaintext, "the record opens")
  _ = try TransferMessage(opened.bytes)
}

func chunkSize(_ byteCount: UInt32) throws -> ChunkSize {
  guard let size = ChunkSize(byteCount) else { throw TranscriptProblem("chunk size") }
  return size
}

/// Sections `chunk n`: sealed by the sender and opened by the receiver.
///
/// - Returns: the sealed ones.
@discardableResult
func chunks(
  _ tape: Tape, of file: [UInt8], fileKey: [UInt8], binding: [UInt8]
) throws -> [[UInt8]] {
  let size = try chunkSize(4096)
  var sealer = ChunkSealer(fileKey: secret(fileKey), binding: binding.bytes, chunkSize: size)
  var opener = ChunkOpener(
    fileKey: secret(fileKey), binding: binding.bytes, chunkSize: size,
    announcedSize: UInt64(file.count))
  var all: [[UInt8]] = []
  var start = 0
  repeat {
    let isLast = start + size.byteCount >= file.count
    try tape.begin("chunk \(start / size.byteCount)\(isLast ? " last" : "")")
    let plaintext = try tape.given(
      "plaintext", [UInt8](file[start..<min(file.count, start + size.byteCount)]))
    let sealed = sealer.seal(plaintext.bytes, isLast: isLast)
    all.append([UInt8](sealed.bytes))
    try tape.check("sealed", [UInt8](sealed.bytes))
    let opened = try opener.open(sealed.bytes, isLast: isLast)
    try tape.require([UInt8](opened.bytes) == plaintext, "the chunk opens")
    start += size.byteCount
  } while start < file.count
  try opener.finish()
  return all
}
