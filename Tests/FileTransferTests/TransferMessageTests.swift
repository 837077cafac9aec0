import FileTransfer
import SecretMemory
import Testing
import Wire

/// One of each kind and form, as records.
private let records: [[UInt8]] = {
  var records = [
    Answer.accepted.encoded(),
    Receipt(.complete, byteCount: 1 << 33).encoded(),
    Receipt(.failed(.noSpace), byteCount: 5).encoded(),
    offerRecord(size: 12, name: "report.pdf"), offerRecord(size: nil, name: ""),
    offerRecord(size: 0, name: String(repeating: "é", count: 127) + "x"),
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
  key: [UInt8] = fileKey, chunkSize: UInt32 = 65536, size: UInt64?, name: String
) -> [UInt8] {
  let text = [UInt8](name.utf8)
  return [1] + key + bigEndian(UInt64(chunkSize)).suffix(4) + bigEndian(size ?? .max)
    + bigEndian(UInt64(text.count)).suffix(2) + text
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
      #expect((roundTrip([2, code]) != nil) == (known || code == 0))
      #expect((roundTrip([4, code]) != nil) == known)
      if !(1...4).contains(code) { #expect(roundTrip([code] + records[0].dropFirst()) == nil) }
    }
  }

  @Test func offerCarriesWhatTheSenderSays() throws {
    let offer = try Offer(offerRecord(chunkSize: 4096, size: 1 << 40, name: "ü.txt").bytes)
    #expect([UInt8](offer.fileKey.bytes) == fileKey)
    #expect(offer.chunkSize.byteCount == 4096)
    #expect(offer.size == 1 << 40)
    #expect(offer.name == "ü.txt")
    let stream = try Offer(offerRecord(size: nil, name: "").bytes)
    #expect(stream.size == nil)
  }

  @Test func chunkSizeIsAPowerOfTwoWithinBounds() {
    for exponent in 0..<32 {
      let size = UInt32(1) << exponent
      #expect((ChunkSize(size)?.byteCount == Int(size)) == (12...20).contains(exponent))
      #expect(
        (roundTrip(offerRecord(chunkSize: size, size: 1, name: "n")) != nil)
          == (12...20).contains(exponent))
    }
    for size: UInt32 in [0, 4095, 4097, 12288, 1_048_575, .max] {
      #expect(ChunkSize(size) == nil)
      #expect(roundTrip(offerRecord(chunkSize: size, size: 1, name: "n")) == nil)
    }
  }

  @Test func nameIsShortAndValidUTF8() {
    #expect(roundTrip(offerRecord(size: 1, name: String(repeating: "n", count: 255))) != nil)
    #expect(roundTrip(offerRecord(size: 1, name: String(repeating: "n", count: 256))) == nil)
    let head = offerRecord(size: 1, name: "").dropLast(2)
    for bytes: [UInt8] in [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80]] {
      #expect(roundTrip(head + [0, UInt8(bytes.count)] + bytes) == nil)
    }
  }

  @Test func offerThatCannotBeToldIsRefusedToTheSender() {
    #expect(throws: WireError.invalid("name")) {
      _ = try Offer(
        fileKey: SecretBytes(copying: fileKey.bytes), chunkSize: .standard, size: 1,
        name: String(repeating: "n", count: 256))
    }
    #expect(throws: WireError.invalid("size")) {
      _ = try Offer(
        fileKey: SecretBytes(copying: fileKey.bytes), chunkSize: .standard, size: .max, name: "n")
    }
  }

  @Test func receiptIsAReasonAndACount() throws {
    #expect(Receipt(.complete, byteCount: 1 << 33).encoded() == [3, 0] + bigEndian(1 << 33))
    #expect(Receipt(.failed(.damaged), byteCount: 7).encoded() == [3, 7] + bigEndian(7))
    for code in UInt8.min...UInt8.max {
      let known = code == 0 || TransferReason(rawValue: code) != nil
      #expect((roundTrip([3, code] + bigEndian(7)) != nil) == known)
    }
    let receipt = try Receipt(([3, 0] + bigEndian(.max)).bytes)
    #expect(receipt.outcome == .complete && receipt.byteCount == .max)
  }

  @Test func messageOfAnotherKindIsNotTaken() {
    for record in records {
      #expect(((try? Answer(record.bytes)) != nil) == (record.first == 2))
      #expect(((try? Receipt(record.bytes)) != nil) == (record.first == 3))
      #expect(((try? Abort(record.bytes)) != nil) == (record.first == 4))
    }
    let answer = records[0]
    #expect(throws: WireError.invalid("message kind")) { _ = try Offer(answer.bytes) }
  }

  @Test func reasonsKeepTheirCodesAndSpeakInSentences() {
    #expect(TransferReason.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7])
    #expect(Set(TransferReason.allCases.map(\.description)).count == 7)
    for reason in TransferReason.allCases { #expect(reason.description.hasSuffix(".")) }
  }
}
