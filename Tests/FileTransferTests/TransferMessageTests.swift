import FileTransfer
import SecretMemory
import Testing
import Wire

/// One of each kind and form, as records.
private let records: [[UInt8]] = {
  var records = [
    Answer.accepted(.beginning).encoded(),
    Answer.accepted(ResumePoint(offset: 1 << 33, hash: [UInt8](1...32))).encoded(),
    Start(offset: 0).encoded(), Start(offset: 1 << 33).encoded(),
    Receipt(.complete(exitStatus: 0), byteCount: 1 << 33).encoded(),
    Receipt(.complete(exitStatus: 255), byteCount: 0).encoded(),
    Receipt(.failed(.noSpace), byteCount: 5).encoded(),
    Receipt(.programStopped(exitStatus: 141), byteCount: 65536).encoded(),
    offerRecord(size: 12), offerRecord(content: 2, size: nil),
    offerRecord(content: 3, size: 65536), offerRecord(count: 100_000, size: 0),
    entriesRecord([entry(1, path: "report.pdf", size: 12)]),
    entriesRecord([
      entry(2, path: "é", mode: 0o755),
      entry(1, path: "é/x", mode: 0o640, size: .max),
      entry(3, path: "é/y") + bigEndian(UInt64(1)).suffix(2) + [UInt8(ascii: "x")],
    ]),
  ]
  for reason in TransferReason.allCases {
    records.append(Answer.refused(reason).encoded())
    records.append(Abort(reason).encoded())
  }
  return records
}()

private let fileKey = [UInt8](100..<132)

/// An offer as the definition says it, independent of the encoder.
private func offerRecord(
  key: [UInt8] = fileKey, chunkSize: UInt32 = 65536, content: UInt8 = 1, count: UInt32 = 1,
  size: UInt64?
) -> [UInt8] {
  [1] + key + bigEndian(UInt64(chunkSize)).suffix(4) + [content]
    + bigEndian(UInt64(count)).suffix(4) + bigEndian(size ?? .max)
}

private func entriesRecord(_ entries: [[UInt8]]) -> [UInt8] {
  [5] + bigEndian(UInt64(entries.count)).suffix(2) + entries.joined()
}

private func entry(
  _ kind: UInt8, path: String, mode: UInt16 = 0, size: UInt64 = 0
) -> [UInt8] {
  let text = [UInt8](path.utf8)
  return [kind] + bigEndian(UInt64(mode)).suffix(2) + bigEndian(1_700_000_000_000)
    + bigEndian(size) + bigEndian(UInt64(text.count)).suffix(2) + text
}

private func bigEndian(_ value: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
}

/// What the parser makes of a record, encoded again; nil when it refuses it.
private func roundTrip(_ record: [UInt8]) -> [UInt8]? {
  do throws(WireError) {
    switch try TransferMessage(record.bytes) {
    case .offer(let offer): return [UInt8](offer.encoded().bytes)
    case .answer(let answer): return answer.encoded()
    case .receipt(let receipt): return receipt.encoded()
    case .abort(let abort): return abort.encoded()
    case .entries(let batch): return batch.encoded()
    case .start(let start): return start.encoded()
    }
  } catch {
    return nil
  }
}

@Suite struct TransferMessageTests {
  @Test(arguments: records) func everyRecordComesBackAsItWas(record: [UInt8]) {
    #expect(roundTrip(record) == record)
  }

  @Test(arguments: records) func everyTruncationIsRefused(record: [UInt8]) {
    for count in 0..<record.count { #expect(roundTrip([UInt8](record[..<count])) == nil) }
  }

  @Test(arguments: records) func trailingBytesAreRefused(record: [UInt8]) {
    for byte: UInt8 in [0, 1, 0xff] { #expect(roundTrip(record + [byte]) == nil) }
  }

  /// A flipped bit is refused or it is another message: never a second spelling of the same.
  @Test(arguments: records) func everyFlippedBitIsRefusedOrMeansSomethingElse(record: [UInt8]) {
    for bit in 0..<(record.count * 8) {
      var changed = record
      changed[bit / 8] ^= 1 << (bit % 8)
      let understood = roundTrip(changed)
      #expect(understood == nil || understood == changed)
    }
  }

  @Test func everyByteOfAnAnswerAndAnAbortIsJudged() {
    for code in UInt8.min...UInt8.max {
      let known = TransferReason(rawValue: code) != nil
      #expect((roundTrip([2, code]) != nil) == known)
      #expect((roundTrip([4, code]) != nil) == known)
      if !(1...6).contains(code) { #expect(roundTrip([code] + records[0].dropFirst()) == nil) }
    }
  }

  @Test func offerCarriesWhatTheSenderSays() throws {
    let offer = try Offer(offerRecord(chunkSize: 4096, count: 7, size: 1 << 40).bytes)
    #expect([UInt8](offer.fileKey.bytes) == fileKey)
    #expect(offer.chunkSize.byteCount == 4096)
    #expect(offer.content == .files)
    #expect(offer.entryCount == 7)
    #expect(offer.totalSize == 1 << 40)
    let stream = try Offer(offerRecord(content: 2, size: nil).bytes)
    #expect(stream.content == .stream)
    #expect(stream.totalSize == nil)
  }

  /// Content, number of entries and size have to fit together.
  @Test func offersThatCannotBeAreRefused() {
    #expect(roundTrip(offerRecord(content: 0, size: 1)) == nil)
    #expect(roundTrip(offerRecord(content: 4, size: 1)) == nil)
    #expect(roundTrip(offerRecord(count: 0, size: 1)) == nil)
    #expect(roundTrip(offerRecord(count: 100_001, size: 1)) == nil)
    #expect(roundTrip(offerRecord(count: .max, size: 1)) == nil)
    #expect(roundTrip(offerRecord(content: 2, count: 2, size: nil)) == nil)
    #expect(roundTrip(offerRecord(content: 2, size: 5)) == nil)
    #expect(roundTrip(offerRecord(content: 1, size: nil)) == nil)
    #expect(roundTrip(offerRecord(content: 3, size: nil)) == nil)
    #expect(roundTrip(offerRecord(content: 3, size: 65537)) == nil)
  }

  @Test func chunkSizeIsAPowerOfTwoWithinBounds() {
    for exponent in 0..<32 {
      let size = UInt32(1) << exponent
      #expect((ChunkSize(size)?.byteCount == Int(size)) == (12...20).contains(exponent))
      #expect(
        (roundTrip(offerRecord(chunkSize: size, size: 1)) != nil)
          == (12...20).contains(exponent))
    }
    for size: UInt32 in [0, 4095, 4097, 12288, 1_048_575, .max] {
      #expect(ChunkSize(size) == nil)
      #expect(roundTrip(offerRecord(chunkSize: size, size: 1)) == nil)
    }
  }

  @Test func nameIsShortAndValidUTF8() {
    func named(_ name: String) -> [UInt8]? { roundTrip(entriesRecord([entry(1, path: name)])) }
    #expect(named(String(repeating: "n", count: 255)) != nil)
    #expect(named(String(repeating: "n", count: 256)) == nil)
    let head = entry(1, path: "").dropLast(2)
    for bytes: [UInt8] in [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80]] {
      #expect(roundTrip(entriesRecord([head + [0, UInt8(bytes.count)] + bytes])) == nil)
    }
  }

  @Test func entriesHaveOneForm() {
    func alone(_ entry: [UInt8]) -> [UInt8]? { roundTrip(entriesRecord([entry])) }
    #expect(roundTrip(entriesRecord([])) == nil)
    for kind: UInt8 in [0, 4, 255] { #expect(alone(entry(kind, path: "x")) == nil) }
    // Set-uid, set-gid and sticky bits do not travel.
    for bit in 9..<16 { #expect(alone(entry(1, path: "x", mode: 1 << bit)) == nil) }
    #expect(alone(entry(2, path: "x", size: 1)) == nil)
    #expect(alone(entry(3, path: "x", size: 1) + [0, 1, 0x61]) == nil)
    #expect(alone(entry(3, path: "x", mode: 0o777) + [0, 1, 0x61]) == nil)
    #expect(alone(entry(1, path: "x") + [0, 1, 0x61]) == nil)
    var lying = entriesRecord([entry(1, path: "x")])
    lying[2] = 2
    #expect(roundTrip(lying) == nil)
  }

  @Test func receiptIsAReasonACountAndAnExitStatus() throws {
    let complete = Receipt(.complete(exitStatus: 3), byteCount: 1 << 33).encoded()
    #expect(complete == [3, 0] + bigEndian(1 << 33) + [3])
    let failed = Receipt(.failed(.damaged), byteCount: 7).encoded()
    #expect(failed == [3, 7] + bigEndian(7) + [0])
    for code in UInt8.min...UInt8.max {
      let known = code == 0 || TransferReason(rawValue: code) != nil
      #expect((roundTrip([3, code] + bigEndian(7) + [0]) != nil) == known)
    }
    let receipt = try Receipt(([3, 0] + bigEndian(.max) + [0]).bytes)
    #expect(receipt.outcome == .complete(exitStatus: 0) && receipt.byteCount == .max)
  }

  @Test func failedReceiptHasNoExitStatusUnlessAProgramStopped() {
    for reason in TransferReason.allCases {
      let failed = Receipt(.failed(reason), byteCount: 7).encoded()
      let stopped = roundTrip(failed.dropLast() + [1])
      #expect((stopped != nil) == (reason == .programStopped))
    }
  }

  @Test func nothingKeptHasNoHash() {
    let answer = Answer.accepted(.beginning).encoded()
    #expect(answer.count == 42)
    #expect(roundTrip(answer.dropLast() + [1]) == nil)
    #expect(ResumePoint(offset: 0, hash: [UInt8](1...32)) == .beginning)
  }

  @Test func messageOfAnotherKindIsNotTaken() {
    for record in records {
      #expect(((try? Answer(record.bytes)) != nil) == (record.first == 2))
      #expect(((try? Receipt(record.bytes)) != nil) == (record.first == 3))
      #expect(((try? Abort(record.bytes)) != nil) == (record.first == 4))
      #expect(((try? EntryBatch(record.bytes)) != nil) == (record.first == 5))
      #expect(((try? Start(record.bytes)) != nil) == (record.first == 6))
    }
    let answer = records[0]
    #expect(throws: WireError.invalid("message kind")) { _ = try Offer(answer.bytes) }
  }

  @Test func reasonsKeepTheirCodesAndSpeakInSentences() {
    #expect(TransferReason.allCases.map(\.rawValue) == Array(1...13))
    #expect(Set(TransferReason.allCases.map(\.description)).count == 13)
    for reason in TransferReason.allCases { #expect(reason.description.hasSuffix(".")) }
  }
}
