import Cryptography
import SecretMemory
import Testing
import Wire

@testable import FileTransfer

private let chunkSize = ChunkSize.smallest
private let chunk = chunkSize.byteCount

extension ChunkSize {
  fileprivate static var smallest: ChunkSize {
    guard let size = ChunkSize(4096) else { preconditionFailure() }
    return size
  }
}

/// A sealed chunk and whether it is said to be the last.
private struct Sealed {
  var bytes: [UInt8]
  var isLast: Bool
}

private func key(_ byte: UInt8) -> SecretBytes {
  SecretBytes(copying: [UInt8](repeating: byte, count: 32).bytes)
}

private func binding(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

/// Bytes that differ from place to place and from chunk to chunk.
private func content(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
}

private func seal(_ plaintext: [UInt8], key seed: UInt8 = 1, binding to: UInt8 = 2) -> [Sealed] {
  var sealer = ChunkSealer(fileKey: key(seed), binding: binding(to).bytes, chunkSize: chunkSize)
  var chunks: [Sealed] = []
  var start = 0
  repeat {
    let end = min(start + chunk, plaintext.count)
    let isLast = end == plaintext.count
    let sealed = sealer.seal([UInt8](plaintext[start..<end]).bytes, isLast: isLast)
    chunks.append(Sealed(bytes: [UInt8](sealed.bytes), isLast: isLast))
    start = end
  } while start < plaintext.count
  return chunks
}

/// Opens one chunk; returns its plaintext.
private func open(
  _ sealed: Sealed, with opener: inout ChunkOpener
) throws(ChunkFailure) -> [UInt8] {
  let plaintext = try opener.open(sealed.bytes.bytes, isLast: sealed.isLast)
  return [UInt8](plaintext.bytes)
}

private func openAll(
  _ chunks: [Sealed], announced: UInt64? = nil, key seed: UInt8 = 1, binding to: UInt8 = 2
) throws(ChunkFailure) -> [UInt8] {
  var opener = ChunkOpener(
    fileKey: key(seed), binding: binding(to).bytes, chunkSize: chunkSize, announcedSize: announced)
  var plaintext: [UInt8] = []
  for sealed in chunks { plaintext += try open(sealed, with: &opener) }
  try opener.finish()
  guard opener.byteCount == UInt64(plaintext.count) else { throw .wrongLength }
  return plaintext
}

@Suite struct ChunkStreamTests {
  @Test(arguments: [
    0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk - 1, 5 * chunk + 7,
  ])
  func fileOfAnySizeArrivesWhole(count: Int) throws {
    let chunks = seal(content(count))
    #expect(chunks.count == max(1, (count + chunk - 1) / chunk))
    #expect(try openAll(chunks) == content(count))
    #expect(try openAll(chunks, announced: UInt64(count)) == content(count))
  }

  /// Against the definition, with the other AES-256-GCM of the Cryptography module.
  @Test func chunksAreWhatTheDefinitionSays() throws {
    var info: [UInt8] = [0, 21]
    info += Array("trent chunk stream v1".utf8)
    let chunks = seal(content(2 * chunk + 5))
    for (number, sealed) in chunks.enumerated() {
      let streamKey = SealingKey(
        HKDF.derive(key(1).bytes, salt: binding(2).bytes, info: info.bytes, count: 32))
      let nonce = [UInt8](repeating: 0, count: 10) + [UInt8(number), number == 2 ? 1 : 0]
      let plaintext = try streamKey.open(
        sealed.bytes.bytes, nonce: nonce.bytes, authenticating: RawSpan())
      let start = number * chunk
      #expect(
        [UInt8](plaintext.bytes) == [UInt8](content(2 * chunk + 5)[start...].prefix(chunk)))
    }
  }

  @Test func everyPairOfChunksIsHeldToItsOrder() {
    let chunks = seal(content(4 * chunk + 1))
    for first in 0..<chunks.count {
      for second in (first + 1)..<chunks.count {
        var swapped = chunks
        swapped[first].bytes = chunks[second].bytes
        swapped[second].bytes = chunks[first].bytes
        #expect(throws: ChunkFailure.self) { _ = try openAll(swapped) }
        swapped = chunks
        swapped.swapAt(first, second)
        #expect(throws: ChunkFailure.self) { _ = try openAll(swapped) }
      }
    }
  }

  @Test func droppedOrRepeatedChunkIsNoticed() {
    let chunks = seal(content(4 * chunk))
    for place in chunks.indices {
      var dropped = chunks
      dropped.remove(at: place)
      let missing: ChunkFailure = place == 3 ? .truncated : .notAuthentic
      #expect(throws: missing) { _ = try openAll(dropped) }
      var repeated = chunks
      repeated.insert(chunks[place], at: place)
      let extra: ChunkFailure = place == 3 ? .afterLast : .notAuthentic
      #expect(throws: extra) { _ = try openAll(repeated) }
    }
  }

  @Test func streamCutAtAnyChunkIsNotWhole() {
    let chunks = seal(content(3 * chunk + 9))
    for count in 0..<chunks.count {
      var cut = [Sealed](chunks[..<count])
      #expect(throws: ChunkFailure.truncated) { _ = try openAll(cut) }
      // An attacker who also says that the last one left is the last.
      guard count > 0 else { continue }
      cut[count - 1].isLast = true
      #expect(throws: ChunkFailure.notAuthentic) { _ = try openAll(cut) }
    }
  }

  @Test func lastChunkCannotBecomeOneInTheMiddle() {
    var chunks = seal(content(2 * chunk))
    chunks[1].isLast = false
    #expect(throws: ChunkFailure.notAuthentic) { _ = try openAll(chunks) }
  }

  /// HOSTILE C.15: sealed by somebody who has the key and breaks the rules.
  @Test func emptyLastChunkIsOnlyForAnEmptyFile() {
    var chunks = seal(content(2 * chunk))
    chunks[1] = Sealed(bytes: [UInt8](repeating: 0, count: 16), isLast: true)
    #expect(throws: ChunkFailure.wrongLength) { _ = try openAll(chunks) }
  }

  @Test func lengthsThatTheirPlaceDoesNotAllowAreRefused() {
    for count in [0, 1, 15, 16, 17, chunk + 15, chunk + 17] {
      let sealed = Sealed(bytes: [UInt8](repeating: 0, count: count), isLast: false)
      #expect(throws: ChunkFailure.wrongLength) { _ = try openAll([sealed]) }
    }
    for count in [0, 1, 15, chunk + 17] {
      let sealed = Sealed(bytes: [UInt8](repeating: 0, count: count), isLast: true)
      #expect(throws: ChunkFailure.wrongLength) { _ = try openAll([sealed]) }
    }
  }

  @Test func chunksOfAnotherSessionOrFileDoNotFit() throws {
    let plaintext = content(2 * chunk + 1)
    let ours = seal(plaintext)
    for other in [seal(plaintext, binding: 9), seal(plaintext, key: 9)] {
      for place in ours.indices {
        var spliced = ours
        spliced[place] = other[place]
        #expect(throws: ChunkFailure.notAuthentic) { _ = try openAll(spliced) }
      }
    }
    #expect(throws: ChunkFailure.notAuthentic) { _ = try openAll(ours, binding: 9) }
    #expect(throws: ChunkFailure.notAuthentic) { _ = try openAll(ours, key: 9) }
  }

  @Test func everyFlippedBitIsNoticed() {
    let sealed = seal(Array("a small file".utf8))[0]
    for bit in 0..<(sealed.bytes.count * 8) {
      var bent = sealed
      bent.bytes[bit / 8] ^= 1 << (bit % 8)
      var opener = ChunkOpener(
        fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize, announcedSize: nil)
      #expect(failure(of: bent, with: &opener) == .notAuthentic)
      #expect(opener.byteCount == 0)
    }
  }

  @Test func announcedSizeIsHeldTo() {
    let chunks = seal(content(2 * chunk + 3))
    let size = UInt64(2 * chunk + 3)
    for announced in [0, 1, UInt64(chunk), size - 1] {
      #expect(throws: ChunkFailure.tooLong) { _ = try openAll(chunks, announced: announced) }
    }
    for announced in [size + 1, 1 << 40, .max] {
      #expect(throws: ChunkFailure.tooShort) { _ = try openAll(chunks, announced: announced) }
    }
  }

  @Test func openingGoesOnAtAnyChunkAndAtNoOther() throws {
    let plaintext = content(3 * chunk + 7)
    let chunks = seal(plaintext)
    for first in chunks.indices {
      var opener = ChunkOpener(
        fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize,
        announcedSize: UInt64(plaintext.count), firstChunk: UInt64(first))
      var rest: [UInt8] = []
      for sealed in chunks[first...] { rest += try open(sealed, with: &opener) }
      #expect(finishFailure(of: opener) == nil)
      #expect(rest == Array(plaintext[(first * chunk)...]))
      for other in chunks.indices where other != first {
        var opener = ChunkOpener(
          fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize, announcedSize: nil,
          firstChunk: UInt64(first))
        #expect(failure(of: chunks[other], with: &opener) == .notAuthentic)
      }
    }
  }

  @Test func failureIsFinal() {
    let chunks = seal(content(chunk + 1))
    var opener = ChunkOpener(
      fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize, announcedSize: nil)
    #expect(failure(of: chunks[1], with: &opener) == .notAuthentic)
    #expect(failure(of: chunks[0], with: &opener) == .failedBefore)
    #expect(finishFailure(of: opener) == .failedBefore)
  }

  @Test func chunkAfterTheLastSpoilsAFileThatWasWhole() {
    let chunks = seal(content(1))
    var opener = ChunkOpener(
      fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize, announcedSize: nil)
    #expect(failure(of: chunks[0], with: &opener) == nil)
    #expect(finishFailure(of: opener) == nil)
    #expect(failure(of: chunks[0], with: &opener) == .afterLast)
    #expect(finishFailure(of: opener) == .failedBefore)
  }

  @Test func countOfBytesNeverOverflows() {
    var opener = ChunkOpener(
      fileKey: key(1), binding: binding(2).bytes, chunkSize: chunkSize, announcedSize: nil)
    opener.byteCount = .max - UInt64(chunk) + 1
    #expect(failure(of: seal(content(2 * chunk))[0], with: &opener) == .tooLong)
  }

  @Test func sealingAfterTheLastChunkStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      guard let size = ChunkSize(4096) else { return }
      let fileKey = SecretBytes(count: 32) { _ in }
      var sealer = ChunkSealer(fileKey: fileKey, binding: RawSpan(), chunkSize: size)
      for _ in 0..<2 { _ = sealer.seal([0].bytes, isLast: true) }
    }
  }
}

private func failure(of sealed: Sealed, with opener: inout ChunkOpener) -> ChunkFailure? {
  do throws(ChunkFailure) {
    _ = try open(sealed, with: &opener)
    return nil
  } catch {
    return error
  }
}

private func finishFailure(of opener: borrowing ChunkOpener) -> ChunkFailure? {
  do throws(ChunkFailure) {
    try opener.finish()
    return nil
  } catch {
    return error
  }
}
