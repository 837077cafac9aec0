import Cryptography
import Foundation
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

  /// Where the limit allows nothing, there is nothing to see.
  @Test func shortSecretsAreLockedAndInNoDump() throws {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
    let expected = geteuid() == 0 || limit.rlim_cur >= 1 << 14
    for count in [1, 32, 33, 256] {
      // One may lie elsewhere, when another test is just asking for its own.
      let isLocked = try (0..<100).contains { _ in
        let secret = SecretBytes(count: count) { $0.storeBytes(of: 7, as: UInt8.self) }
        let flags = try flags(ofMappingOf: secret)
        return flags.contains("lo") && flags.contains("dd")
      }
      #expect(isLocked == expected, "\(count)")
    }
    let long = try flags(ofMappingOf: SecretBytes(count: 257) { _ in })
    #expect(!long.contains("lo"))
  }

  /// What the kernel says of the memory that a secret lies in (proc(5), smaps, VmFlags).
  private func flags(ofMappingOf secret: borrowing SecretBytes) throws -> Set<Substring> {
    let address = unsafe secret.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    // The kernel gives a page at a time, which is not the end of it.
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    var isHere = false
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      if ends.count == 2 { isHere = (ends[0]..<ends[1]).contains(address) }
      if isHere, words[0] == "VmFlags:" { return Set(words.dropFirst()) }
    }
    return []
  }
}
