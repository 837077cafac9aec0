import Cryptography
import FileTransfer
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in what peers say of a file (F1, F2, F4), in its chunks (F3), and in the identity
/// file (3.6).
let transferFaults: [Scenario] = [
  record("f1-kind", "The kind is none that there is.", "F1") { offer().with(7, at: 0) },
  record("f1-chunk-size", "The chunk size is no power of two.", "F1") { offer().with(1, at: 36) },
  record("f1-chunk-size-small", "The chunk size is 2048.", "F1") { offer().with(8, at: 35) },
  record("f1-chunk-size-large", "The chunk size is 2097152.", "F1") {
    offer().with(0, at: 35).with(0x20, at: 34)
  },
  record("f1-content", "The content is none that there is.", "F1") { offer().with(4, at: 37) },
  record("f1-entries-none", "There are no entries.", "F1") { offer().with(0, at: 41) },
  record("f1-entries-many", "There are 16777217 entries.", "F1") { offer().with(1, at: 38) },
  record("f1-stream-size", "A stream whose size is known.", "F1") { offer().with(2, at: 37) },
  record("f1-text-size", "A text of more than 65536 bytes.", "F1") {
    offer().with(3, at: 37).with(1, at: 43)
  },
  record("f1-trailing", "A byte follows the size.", "F1") { offer() + [0] },
  record("f1-short", "The last byte of the size is missing.", "F1") {
    [UInt8](offer().dropLast())
  },
  record("f1-batch-empty", "A batch without entries.", "F1 list") { [5, 0, 0] },
  record("f1-batch-count", "A batch announces more entries than it has.", "F1 list") {
    batch(entry(1, 0o644, 8197, "report.pdf")).with(2, at: 2)
  },
  record("f1-batch-trailing", "A byte follows the entries.", "F1 list") {
    batch(entry(1, 0o644, 8197, "report.pdf")) + [0]
  },
  record("f1-entry-kind", "An entry of a kind that there is not.", "F1 list") {
    batch(entry(4, 0o644, 8197, "report.pdf"))
  },
  record("f1-entry-set-uid", "A file that is to be set-uid.", "F1 list") {
    batch(entry(1, 0o4755, 8197, "report.pdf"))
  },
  record("f1-entry-folder-size", "A folder with a size.", "F1 list") {
    batch(entry(2, 0o755, 8197, "report.pdf"))
  },
  record("f1-entry-path-text", "A path that is not UTF-8.", "F1 list") {
    batch(entry(1, 0o644, 8197, "report.pdf")).with(0xff, at: -1)
  },
  record("f1-path-parent", "A path that leads out of the folder.", "F1 list") {
    batch(entry(1, 0o644, 8197, "../report.pdf"))
  },
  record("f1-path-absolute", "A path that begins at the root.", "F1 list") {
    batch(entry(1, 0o644, 8197, "/etc/passwd"))
  },
  record("f1-path-no-folder", "A file in a folder that is not in the list.", "F1 list") {
    batch(entry(1, 0o644, 8197, "papers/report.pdf"))
  },
  record("f1-list-size", "Another size than the offer's.", "F1 list") {
    batch(entry(1, 0o644, 8196, "report.pdf"))
  },
  record("f2-reason", "The reason is none that there is.", "F2") { [2, 0x7f] },
  record("f2-trailing", "A byte follows the reason.", "F2") { [2, 1, 0] },
  record("f2-short", "Nothing follows the zero.", "F2") { [2, 0] },
  record("f2-hash", "A hash of no bytes.", "F2") {
    [2, 0] + bigEndian(UInt64(0)) + World.bytes("hash", 32)
  },
  record("f2-start-short", "The last byte of the start is missing.", "F2 start") {
    [6] + [UInt8](bigEndian(UInt64(0)).dropLast())
  },
  record("f3-abort", "An abort without a reason.", "F3") { [4, 0] },
  record("f4-reason", "The reason is none that there is.", "F4") { receipt.with(0x7f, at: 1) },
  record("f4-exit-status", "A failing receipt with an exit status.", "F4") {
    receipt.with(3, at: 1).with(1, at: -1)
  },
  record("f4-short", "There is no exit status.", "F4") { [UInt8](receipt.dropLast()) },
  record("f4-trailing", "A byte follows the exit status.", "F4") { receipt + [0] },
  chunks("f3-changed", "A bit of a chunk is another.", "F3") { [$0[0], $0[1].flipped(0), $0[2]] },
  chunks("f3-swapped", "Two chunks in the other order.", "F3") { [$0[1], $0[0], $0[2]] },
  chunks("f3-twice", "A chunk twice.", "F3") { [$0[0], $0[0], $0[1], $0[2]] },
  chunks("f3-left-out", "A chunk is left out.", "F3") { [$0[0], $0[2]] },
  chunks("f3-early-end", "A chunk is said to be the last and is not.", "F3", last: 1) {
    [$0[0], $0[1]]
  },
  chunks("f3-late-end", "The last chunk is said not to be.", "F3", last: 3) { $0 },
  chunks("f3-after-end", "A chunk follows the last one.", "F3", last: 2) { $0 + [$0[2]] },
  chunks("f3-short-chunk", "A chunk that is not the last is not full.", "F3") {
    [[UInt8]($0[0].dropLast()), $0[1], $0[2]]
  },
  chunks("f3-no-tag", "A last chunk without room for a tag.", "F3") {
    [$0[0], $0[1], [UInt8]($0[2].prefix(15))]
  },
  chunks("f3-empty-end", "The last chunk is empty, and not the first.", "F3") {
    [$0[0], $0[1], [UInt8]($0[2].prefix(16))]
  },
  chunks("f3-too-long", "More bytes than were offered.", "F3", size: 8196) { $0 },
  chunks("f4-truncated", "The chunks stop before the last one.", "F4", last: 3) { [$0[0], $0[1]] },
  chunks("f4-too-short", "Fewer bytes than were offered.", "F4", size: 8198) { $0 },
  identity("3.6-magic", "The file does not begin as it should.") { $0.flipped(0) },
  identity("3.6-tag", "A bit of the tag is another.") { $0.flipped(-1) },
  identity("3.6-parameters", "Other parameters than the seal's.") { $0.with(4, at: 21) },
  identity("3.6-trailing", "A byte follows the tag.") { $0 + [0] },
]

private func offer() -> [UInt8] {
  [1] + World.bytes("file key", 32) + bigEndian(UInt32(4096)) + [1]
    + bigEndian(UInt32(1)) + bigEndian(UInt64(8197))
}

/// A batch with one entry.
private func batch(_ entry: [UInt8]) -> [UInt8] { [5, 0, 1] + entry }

private func entry(_ kind: UInt8, _ mode: UInt16, _ size: UInt64, _ path: String) -> [UInt8] {
  [kind] + bigEndian(mode) + bigEndian(UInt64(1_700_000_000_000)) + bigEndian(size)
    + bigEndian(UInt16(path.utf8.count)) + [UInt8](path.utf8)
}

private let receipt: [UInt8] = [3, 0] + bigEndian(UInt64(8197)) + [0]

private func record(
  _ path: String, _ comment: String, _ step: String,
  plaintext: @escaping @Sendable () -> [UInt8]
) -> Scenario {
  let label = String(step.prefix(2))
  return Scenario("fault/\(path)", comment, refusedAt: label) { tape in
    if step == "F1 list" {
      try tape.begin("offer")
      let offer = try tape.given("plaintext", offer())
      try tape.begin("entries")
      let plaintext = try tape.given("plaintext", plaintext())
      return try refused(at: label, as: ManifestFault.self) {
        var reader = ManifestReader(try Offer(offer.bytes))
        try reader.take(plaintext.bytes)
        _ = try reader.finish()
      }
    }
    try tape.begin("record")
    let plaintext = try tape.given("plaintext", plaintext())
    return try refused(at: label, as: WireError.self) {
      switch step {
      case "F1": _ = try Offer(plaintext.bytes)
      case "F2 start": _ = try Start(plaintext.bytes)
      case "F2": _ = try Answer(plaintext.bytes)
      case "F3": _ = try Abort(plaintext.bytes)
      default: _ = try Receipt(plaintext.bytes)
      }
    }
  }
}

/// A file of three chunks, two of them full.
///
/// - Parameters:
///   - last: which of the chunks that arrive is said to be the last one; from 0.
///   - edit: makes of the three sealed chunks what arrives.
private func chunks(
  _ path: String, _ comment: String, _ step: String, last: Int? = nil, size: UInt64 = 8197,
  edit: @escaping @Sendable ([[UInt8]]) -> [[UInt8]]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: step) { tape in
    try tape.begin("keys")
    let fileKey = try tape.drawn("file-key", 32)
    let binding = try tape.drawn("handshake-hash", 32)
    let size = try tape.number("size", size)
    let arriving = edit(try sealed(fileKey: fileKey, binding: binding))
    let count = try tape.number("chunks", UInt8(arriving.count))
    var opener = ChunkOpener(
      fileKey: secret(fileKey), binding: binding.bytes, chunkSize: try chunkSize(4096),
      announcedSize: size)
    for index in 0..<Int(count) {
      try tape.begin("chunk \(index)")
      let isLast = try tape.number("last", UInt8(index == last ?? arriving.count - 1 ? 1 : 0)) == 1
      let chunk = try tape.given("sealed", arriving[index])
      do throws(ChunkFailure) { _ = try opener.open(chunk.bytes, isLast: isLast) } catch {
        return "F3"
      }
    }
    do throws(ChunkFailure) { try opener.finish() } catch { return "F4" }
    return nil
  }
}

private func sealed(fileKey: [UInt8], binding: [UInt8]) throws -> [[UInt8]] {
  var sealer = ChunkSealer(
    fileKey: secret(fileKey), binding: binding.bytes, chunkSize: try chunkSize(4096))
  return [4096, 4096, 5].map { count in
    let sealed = sealer.seal(World.bytes("chunk \(count)", count).bytes, isLast: count == 5)
    return [UInt8](sealed.bytes)
  }
}

private func identity(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "3.6") { tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("identity")
    let name = try principal(tape.word("name", "alice"))
    let salt = kdc.keys.salt(for: name)
    let passphrase = try tape.word("passphrase", "correct horse battery staple")
    let derived = try AccountSecret(
      passphrase: secret([UInt8](passphrase.utf8)), parameters: .passphrase, salt: salt)
    let file = try tape.given("file") {
      var random = FixedRandom(World.bytes("identity nonce", 12))
      return edit(
        SealedIdentity(
          seed: secret(Person.alice.identitySeed), secret: derived, name: name, realm: kdc.realm,
          random: &random
        ).file)
    }
    do {
      _ = try SealedIdentity(file.bytes).open(with: derived, name: name, realm: kdc.realm)
      return nil
    } catch {
      return "3.6"
    }
  }
}
