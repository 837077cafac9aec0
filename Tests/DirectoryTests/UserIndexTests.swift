import SecretMemory
import Testing
import Wire

@testable import Directory

@Suite struct UserIndexTests {
  @Test func everyLineOfAHashIsFound() {
    var index = UserIndex()
    for number in 0..<UInt32(1000) {
      index.put(UserIndex.Entry(hash: number % 10, offset: UInt64(number)))
    }
    #expect(index.count == 1000)
    for hash in 0..<UInt32(10) {
      let expected = (0..<UInt64(100)).map { $0 * 10 + UInt64(hash) }
      #expect(index.offsets(of: hash).sorted() == expected)
    }
    #expect(index.offsets(of: 10).isEmpty)
  }

  @Test func laterLineTakesThePlaceOfTheEarlier() {
    var index = UserIndex()
    for number in 0..<UInt32(100) {
      index.put(UserIndex.Entry(hash: number / 2, offset: UInt64(number)))
    }
    index.put(UserIndex.Entry(hash: 7, offset: 5000), replacing: 14)
    #expect(index.count == 100)
    #expect(index.offsets(of: 7).sorted() == [15, 5000])
    #expect(index.offsets(of: 6).sorted() == [12, 13])
  }

  @Test func extremesComeBack() {
    var index = UserIndex()
    let largest: UInt32 = (1 << UInt32(UserIndex.hashBitCount)) - 1
    let entries: [(UInt32, UInt64)] = [
      (0, 0), (largest, 0), (0, UserIndex.offsetLimit - 1), (largest, UserIndex.offsetLimit - 1),
    ]
    for (hash, offset) in entries { index.put(UserIndex.Entry(hash: hash, offset: offset)) }
    for hash in [0, largest] {
      #expect(index.offsets(of: hash).sorted() == [0, UserIndex.offsetLimit - 1])
    }
  }

  /// Two hashers never agree: nobody can choose names that meet in one place.
  @Test func hashesAreKeyed() throws {
    let hashers = [NameHasher(), NameHasher()]
    let names = try (0..<100).map { try name("user\($0)") }
    let hashes = hashers.map { hasher in names.map { hasher.hash($0) } }
    #expect(hashes[0] != hashes[1])
    #expect(Set(hashes[0]).count > 95)
    #expect(hashes.joined().allSatisfy { $0 >> UserIndex.hashBitCount == 0 })
  }
}

@Suite struct LineBlockTests {
  /// However many parts, every line is in one of them, whole.
  @Test(arguments: ["", "a", "\n", "a\nb\n", "a\nb", "one\ntwo\n\nthree three three\nfour\n5"])
  func partsHaveEveryLine(text: String) {
    let bytes = [UInt8](text.utf8)
    let expected = lines(LineBlock(bytes.bytes, offset: 100))
    #expect(expected.map(\.text).joined(separator: "\n") == text.trimmedNewline)
    for count in 1...20 {
      let block = LineBlock(bytes.bytes, offset: 100)
      let parts = block.split(into: count)
      var found: [Line] = []
      for part in parts { found += lines(block.part(part)) }
      #expect(found == expected)
      #expect(parts.count <= count)
    }
  }

  private struct Line: Equatable {
    let text: String
    let offset: UInt64
    let isTorn: Bool
  }

  private func lines(_ block: LineBlock) -> [Line] {
    var lines: [Line] = []
    var block = block
    while let line = block.next() {
      let text = String(decoding: [UInt8](line.bytes), as: UTF8.self)
      lines.append(Line(text: text, offset: line.offset, isTorn: line.isTorn))
    }
    return lines
  }
}

extension String {
  fileprivate var trimmedNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
