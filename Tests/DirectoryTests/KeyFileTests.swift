import Cryptography
import DurableFiles
import Glibc
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

@Suite struct KeyFileTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("kdc.key")
  }

  private func save(period: UInt64 = 490_000) throws -> [[UInt8]] {
    var random = SystemRandom()
    let material = KDCKeyMaterial.generate(period: period, random: &random)
    try KeyFile.save(material, to: path)
    return parts(material)
  }

  private func parts(_ material: borrowing KDCKeyMaterial) -> [[UInt8]] {
    [
      [UInt8](material.identitySeed.bytes), [UInt8](material.storageKey.bytes),
      [UInt8](material.saltKey.bytes), [UInt8](material.ratchetKey.bytes),
    ]
  }

  /// The fault of loading; nil when there is none.
  private func fault() -> KeyFileFailure? {
    do throws(KeyFileFailure) {
      _ = try KeyFile.load(path)
      return nil
    } catch {
      return error
    }
  }

  @Test func missingFileIsNone() throws {
    let isMissing = try KeyFile.load(path) == nil
    #expect(isMissing)
  }

  @Test func secretsComeBack() throws {
    let saved = try save(period: .max)
    guard let material = try KeyFile.load(path) else { throw TestProblem("no key file") }
    #expect(parts(material) == saved)
    #expect(material.ratchetPeriod == .max)
    #expect(try permissions(path) == 0o600)
    #expect(try contents(path).count == 185)
    #expect(try contents(path).starts(with: "trent kdc key v1\n".utf8))
  }

  /// A file with another identity, as it is while storage key and certificates are being replaced.
  private func saveSuccessor(isRotating: Bool, isRecertifying: Bool) throws -> Realm {
    var random = SystemRandom()
    let keys = RealmKeys(KDCKeyMaterial.generate(period: 0, random: &random))
    let seed = random.secret(32)
    let next = SigningKey(seed: seed).publicKey
    let succession = try #require(keys.succession(by: next, at: Timestamp(milliseconds: 1)))
    let material = KDCKeyMaterial(
      identitySeed: seed, succession: succession, isRecertifying: isRecertifying,
      storageKey: random.secret(32), formerStorageKey: isRotating ? random.secret(32) : nil,
      saltKey: random.secret(32), ratchetPeriod: 7, ratchetKey: random.secret(32))
    try KeyFile.save(material, to: path)
    return RealmKeys(material).realm
  }

  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func identityThatWasReplacedComesBack(isRotating: Bool, isRecertifying: Bool) throws {
    let realm = try saveSuccessor(isRotating: isRotating, isRecertifying: isRecertifying)
    guard let material = try KeyFile.load(path) else { throw TestProblem("no key file") }
    let found = RealmKeys(material).realm
    #expect(found == realm && !found.hasFoundingIdentity)
    #expect(material.isRecertifying == isRecertifying && material.succession.count == 1)
    #expect(material.ratchetPeriod == 7)
    #expect(try contents(path).starts(with: "trent kdc key v3\n".utf8))
    let whole = try contents(path)
    for position in whole.indices {
      var damaged = whole
      damaged[position] ^= 1
      try put(damaged, at: path)
      #expect(fault() != nil, "\(position)")
    }
    for count in 0..<whole.count {
      try put([UInt8](whole.prefix(count)), at: path)
      #expect(fault() != nil, "\(count)")
    }
  }

  @Test func savingReplaces() throws {
    let first = try save()
    let second = try save()
    #expect(first != second)
    guard let material = try KeyFile.load(path) else { throw TestProblem("no key file") }
    #expect(parts(material) == second)
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o666, 0o601] as [mode_t])
  func fileOpenToOthersIsRefused(mode: mode_t) throws {
    _ = try save()
    unsafe chmod(path, mode)
    #expect(fault() == .openToOthers(path: path, permissions: mode))
    #expect(fault()?.description.contains("chmod 600 \(path)") == true)
  }

  @Test func everyFlippedBitIsNoticed() throws {
    _ = try save()
    let whole = try contents(path)
    for position in whole.indices {
      var damaged = whole
      damaged[position] ^= 1 << UInt8(position % 8)
      try put(damaged, at: path)
      #expect(fault() == (position < 17 ? .notAKeyFile(path: path) : .damaged(path: path)))
    }
  }

  @Test func everyOtherLengthIsNoticed() throws {
    _ = try save()
    let whole = try contents(path)
    for count in 0..<whole.count {
      try put([UInt8](whole.prefix(count)), at: path)
      #expect(fault() == (count < 17 ? .notAKeyFile(path: path) : .damaged(path: path)))
    }
    try put(whole + [0], at: path)
    #expect(fault() == .damaged(path: path))
    #expect(fault()?.description.contains(path) == true)
    try put(whole + [UInt8](repeating: 0, count: 1 << 16), at: path)
    #expect(fault() == .file(FileFailure(path: path, operation: .read, errno: EFBIG)))
  }
}
