import Cryptography
import SecretMemory
import Testing

struct SecretBytesTests {
  final class Holder {
    let secret: SecretBytes
    init(_ secret: consuming SecretBytes) { self.secret = secret }
  }

  /// CVE-2023-43621: whatever prints a secret in a log or a crash, or what owns one, prints
  /// none of its bytes.
  @Test func printingShowsNoByte() throws {
    let bytes = [UInt8](repeating: 0xa7, count: 32)
    #expect(secret(bytes).description == "<secret>")
    let holder = Holder(secret(bytes))
    let epoch = try EpochKey(seed: secret(bytes))
    var dumped = ""
    dump(holder, to: &dumped)
    for text in ["\(holder)", String(reflecting: holder), dumped, "\(epoch)"] {
      #expect(!text.contains("167") && !text.lowercased().contains("a7a7"))
    }
  }

  @Test func equalityLooksAtEveryBit() {
    let bytes = Array(UInt8(0)..<32)
    func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
      equalInConstantTime(left.bytes, right.bytes)
    }
    #expect(areEqual(bytes, Array(UInt8(0)..<32)))
    for wrong in bitFlips(of: bytes) { #expect(!areEqual(bytes, wrong)) }
    #expect(!areEqual(bytes, Array(bytes.prefix(31))))
    #expect(!areEqual(bytes, []))
    #expect(areEqual([], []))
  }

  @Test func randomnessComesFromTheSourceGiven() {
    var counting = CountingRandom()
    #expect(counting.bytes(3) == [0, 1, 2])
    let key = counting.secret(2)
    #expect([UInt8](key.bytes) == [3, 4])
    #expect(counting.bytes(0) == [])
  }

  @Test func systemRandomnessDoesNotRepeat() {
    var random = SystemRandom()
    #expect(Set((0..<100).map { _ in random.bytes(16) }).count == 100)
    #expect(random.bytes(0) == [])
    let key = random.secret(32)
    #expect(key.count == 32 && [UInt8](key.bytes) != [UInt8](repeating: 0, count: 32))
  }
}
