import SecretMemory
import Testing
import Wire

@Suite("Reading and writing fields")
struct ByteReaderTests {
  @Test("Integers are big-endian")
  func bigEndian() {
    let bytes = written {
      $0.uint8(0x01)
      $0.uint16(0x0203)
      $0.uint32(0x0405_0607)
      $0.uint64(0x0809_0a0b_0c0d_0e0f)
    }
    #expect(bytes == [UInt8](1...15))
  }

  /// A field that a test writes and reads.
  private enum Field: Equatable {
    case byte(UInt8)
    case short(UInt16)
    case word(UInt32)
    case long(UInt64)
    case fixed([UInt8])
    case secret([UInt8])
    case prefixed([UInt8])

    init(_ numbers: inout SeededNumbers) {
      let count = Int.random(in: 0...300, using: &numbers)
      self =
        switch Int.random(in: 0..<7, using: &numbers) {
        case 0: .byte(.random(in: 0 ... .max, using: &numbers))
        case 1: .short(.random(in: 0 ... .max, using: &numbers))
        case 2: .word(.random(in: 0 ... .max, using: &numbers))
        case 3: .long(.random(in: 0 ... .max, using: &numbers))
        case 4: .fixed(numbers.bytes(count))
        case 5: .secret(numbers.bytes(count))
        default: .prefixed(numbers.bytes(count))
        }
    }

    func write(to writer: inout ByteWriter) {
      switch self {
      case .byte(let value): writer.uint8(value)
      case .short(let value): writer.uint16(value)
      case .word(let value): writer.uint32(value)
      case .long(let value): writer.uint64(value)
      case .fixed(let bytes), .secret(let bytes): writer.bytes(bytes.bytes)
      case .prefixed(let bytes): writer.prefixed(bytes.bytes)
      }
    }

    /// The field of this form that comes next.
    func readAgain(from reader: inout ByteReader) throws(WireError) -> Field {
      switch self {
      case .byte: return .byte(try reader.uint8())
      case .short: return .short(try reader.uint16())
      case .word: return .word(try reader.uint32())
      case .long: return .long(try reader.uint64())
      case .fixed(let bytes): return .fixed(try reader.bytes(bytes.count))
      case .secret(let bytes):
        let secret = try reader.secret(bytes.count)
        return .secret([UInt8](secret.bytes))
      case .prefixed:
        let span = try reader.prefixed(limit: 300)
        return .prefixed([UInt8](span))
      }
    }
  }

  @Test("Any sequence of fields is read as it was written; every prefix of it is truncated")
  func sequences() throws {
    for seed in UInt64(0)..<60 {
      var numbers = SeededNumbers(seed)
      let fields = (0..<Int.random(in: 1...12, using: &numbers)).map { _ in Field(&numbers) }
      let bytes = written { writer in
        for field in fields { field.write(to: &writer) }
      }
      var reader = ByteReader(bytes.bytes)
      for field in fields {
        let again = try field.readAgain(from: &reader)
        #expect(again == field, "seed \(seed)")
      }
      let left = reader.remaining
      #expect(left == 0)
      try reader.finish()

      let cut = Int.random(in: 0..<max(bytes.count, 1), using: &numbers)
      guard cut < bytes.count else { continue }
      let error = wireError([UInt8](bytes[..<cut])) { (reader) throws(WireError) in
        for field in fields { _ = try field.readAgain(from: &reader) }
      }
      #expect(error == .truncated, "seed \(seed)")
    }
  }

  @Test("CVE-2022-42898: lengths that no memory has are truncated, not added up")
  func hugeCounts() {
    for count in [4, Int.max, Int.max - 3, -1, Int.min] {
      #expect(
        wireError([1, 2, 3]) { (reader) throws(WireError) in _ = try reader.span(count) }
          == .truncated)
      #expect(
        wireError([1, 2, 3]) { (reader) throws(WireError) in _ = try reader.bytes(count) }
          == .truncated)
      #expect(
        wireError([1, 2, 3]) { (reader) throws(WireError) in _ = try reader.secret(count) }
          == .truncated)
    }
  }

  @Test("CVE-2014-5355: a length over the limit, one past the end, and a zero one")
  func prefixes() {
    func error(_ bytes: [UInt8], limit: Int) -> WireError? {
      wireError(bytes) { (reader) throws(WireError) in _ = try reader.prefixed(limit: limit) }
    }
    #expect(error([0, 3, 1, 2, 3], limit: 3) == nil)
    #expect(error([0, 3, 1, 2, 3], limit: 2) == .invalid("length"))
    #expect(error([0, 3, 1, 2], limit: 3) == .truncated)
    #expect(error([0xff, 0xff], limit: 65535) == .truncated)
    #expect(error([0], limit: 3) == .truncated)
    #expect(error([0, 0], limit: 0) == nil)
  }

  @Test("Bytes after the last field are refused; the remainder takes them")
  func trailing() throws {
    #expect(
      wireError([1, 2]) { (reader) throws(WireError) in
        _ = try reader.uint8()
        try reader.finish()
      } == .trailingBytes)
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.bytes)
    _ = try reader.uint8()
    let rest = [UInt8](reader.remainder())
    #expect(rest == [2, 3])
    try reader.finish()
    let empty = [UInt8](reader.remainder())
    #expect(empty.isEmpty)
  }

  @Test("A failed read takes nothing")
  func failureTakesNothing() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.bytes)
    let isTruncated = (try? reader.uint32()) == nil
    #expect(isTruncated)
    let left = reader.remaining
    #expect(left == 3)
  }

  @Test(
    "A writer grows from any capacity and keeps what is in it", arguments: [0, 1, 15, 16, 4096])
  func growth(capacity: Int) {
    var numbers = SeededNumbers(UInt64(capacity))
    var writer = ByteWriter(capacity: capacity)
    var expected: [UInt8] = []
    for _ in 0..<200 {
      let some = numbers.bytes(Int.random(in: 0...70, using: &numbers))
      writer.bytes(some.bytes)
      expected += some
    }
    let count = writer.count
    #expect(count == expected.count)
    let secret = writer.secret()
    #expect([UInt8](secret.bytes) == expected)
  }

  @Test("Text is prefixed with its length in bytes, and zeros are zeros")
  func textAndZeros() {
    #expect(written { $0.prefixed("aé") } == [0, 3, 0x61, 0xc3, 0xa9])
    #expect(written { $0.zeros(3) } == [0, 0, 0])
    #expect(written { $0.prefixed("") } == [0, 0])
  }
}
