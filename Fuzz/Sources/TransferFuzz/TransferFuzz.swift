import Cryptography
import FileTransfer
import FuzzSupport
import SecretMemory
import Wire

/// What peers tell each other of a file: records, chunks, and text that is shown.
///
/// Input: kind, then the bytes, or what happens to the chunks on their way.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 7 {
  case 0: record(input.remainder())
  case 1: record(offer.mutated(by: &input))
  case 2: text(&input)
  case 3: address(input.remainder())
  case 4: chunks(&input)
  case 5: list(&input)
  default: name(input.remainder())
  }
  return 0
}

private let manifest: Manifest = {
  func entry(_ path: String, _ kind: TransferEntry.Kind) -> TransferEntry {
    guard let path = EntryPath(path) else { fatalError("no path") }
    return TransferEntry(
      path: path, kind: kind, permissions: 0o644, modified: Timestamp(milliseconds: 1))
  }
  let entries = [
    entry("papers", .folder), entry("papers/latest", .link(target: "report.pdf")),
    entry("papers/report.pdf", .file(size: 8197)),
  ]
  guard let manifest = try? Manifest(.files, entries) else { fatalError("no list") }
  return manifest
}()

private let offer: [UInt8] = {
  guard let size = ChunkSize(4096) else { fatalError("no chunk size") }
  let record = Offer(fileKey: World.secret("file key"), chunkSize: size, manifest).encoded()
  return [UInt8](record.bytes)
}()

private let batch: [UInt8] = EntryBatch.batches(of: manifest)[0].encoded()

/// Every record that is accepted has one spelling.
private func record(_ bytes: [UInt8]) {
  guard let message = try? TransferMessage(bytes.bytes) else { return }
  switch message {
  case .offer(let offer):
    let encoded = offer.encoded()
    expect([UInt8](encoded.bytes) == bytes, "an offer has one spelling")
  case .answer(let answer): expect(answer.encoded() == bytes, "an answer has one spelling")
  case .receipt(let receipt): expect(receipt.encoded() == bytes, "a receipt has one spelling")
  case .abort(let abort): expect(abort.encoded() == bytes, "an abort has one spelling")
  case .entries(let batch): expect(batch.encoded() == bytes, "a batch has one spelling")
  case .start(let start): expect(start.encoded() == bytes, "a start has one spelling")
  }
}

/// A list that is accepted is one that its sender could have made, and leads nowhere else.
private func list(_ input: inout FuzzInput) {
  guard let announced = try? Offer(offer.mutated(by: &input).bytes) else { return }
  var reader = ManifestReader(announced)
  for _ in 0..<3 where !reader.isComplete {
    let record = batch.mutated(by: &input)
    guard (try? reader.take(record.bytes)) != nil else { return }
  }
  guard let list = try? reader.finish() else { return }
  expect((try? Manifest(list.content, list.entries)) == list, "its sender could have made it")
  for entry in list.entries {
    for name in entry.path.names { expect(EntryName.isClean(String(name)), "names are clean") }
    expect(entry.permissions & ~0o777 == 0, "no set-uid bits")
    if case .link(let target) = entry.kind { expect(!target.hasPrefix("/"), "links are relative") }
  }
}

/// What is cleaned is clean, and what is clean stays.
private func name(_ bytes: [UInt8]) {
  let clean = EntryName.cleaned(bytes)
  expect(EntryName.isClean(clean), "a cleaned name is clean")
  expect(EntryName.isClean(EntryName.numbered(clean, 2)), "a numbered name is clean")
  let text = String(decoding: bytes, as: UTF8.self)
  if EntryName.isClean(text) { expect(clean == text, "a clean name stays") }
}

/// Nothing in a safe text steers a terminal, and it keeps to its limit.
private func text(_ input: inout FuzzInput) {
  let limit = 1 + Int(input.byte())
  let safe = SafeText(bytes: input.remainder(), limit: limit).description
  expect(safe.unicodeScalars.count <= limit, "a safe text keeps to its limit")
  for scalar in safe.unicodeScalars {
    expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value), "no control characters")
    expect(!(0x202a...0x202e).contains(scalar.value), "no change of direction")
    expect(!(0x2066...0x2069).contains(scalar.value), "no change of direction")
    expect(!(0x2028...0x2029).contains(scalar.value), "one line")
  }
}

private func address(_ bytes: [UInt8]) {
  var reader = ByteReader(bytes.bytes)
  guard let address = try? reader.address() else { return }
  _ = address.description
  var writer = ByteWriter()
  writer.address(address)
  expect(
    writer.publicBytes() == [UInt8](bytes.prefix(NetworkAddress.byteCount)),
    "an address has one spelling")
}

/// A file of up to three chunks that are exchanged, repeated, left out or changed on the way: it is
/// whole only if nothing of that has happened.
private func chunks(_ input: inout FuzzInput) {
  guard let size = ChunkSize(4096) else { fatalError("no chunk size") }
  let full = Int(input.byte() % 3)
  let rest = Int(input.byte()) + (full == 0 ? 0 : 1)
  let lengths = [Int](repeating: 4096, count: full) + [rest]
  let total = UInt64(lengths.reduce(0, +))
  let fileKey = World.bytes("file key", 32)
  let binding = World.bytes("binding", 32)
  var sealer = ChunkSealer(fileKey: secret(fileKey), binding: binding.bytes, chunkSize: size)
  let sealed = lengths.indices.map { index in
    let plaintext = [UInt8](repeating: UInt8(index), count: lengths[index])
    let sealed = sealer.seal(plaintext.bytes, isLast: index == full)
    return [UInt8](sealed.bytes)
  }
  let announced = input.byte() & 1 == 0 ? nil : total
  var opener = ChunkOpener(
    fileKey: secret(fileKey), binding: binding.bytes, chunkSize: size, announcedSize: announced)
  var opened = 0
  for _ in 0..<6 {
    let choice = input.byte()
    guard choice != 0 else { break }
    let chunk = sealed[Int(choice) % sealed.count].mutated(by: &input)
    let isLast = input.byte() & 1 == 1
    let isExpected = opened <= full && chunk == sealed[opened] && isLast == (opened == full)
    do throws(ChunkFailure) {
      let plaintext = try opener.open(chunk.bytes, isLast: isLast)
      expect(isExpected, "only the next chunk opens")
      expect(
        [UInt8](plaintext.bytes) == [UInt8](repeating: UInt8(opened), count: lengths[opened]),
        "a chunk opens to what was sealed")
      opened += 1
    } catch {
      break
    }
  }
  let isWhole = (try? opener.finish()) != nil
  expect(!isWhole || opened == sealed.count, "a file is whole or it is not")
  expect(opened <= sealed.count, "nothing follows the last chunk")
}
