import Cryptography
import DurableFiles
import Glibc
import SecretMemory
import SystemClock
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

@Suite struct DepositKeyFilesTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson()
  /// That of `credential`.
  private let seed = [UInt8](repeating: 2, count: 32)

  private func files(_ name: String = "alice") throws -> DepositKeyFiles {
    DepositKeyFiles(
      of: try #require(PrincipalName(name)), in: realm(1), state: folder.state, person: person)
  }

  private func keys(lasting lifetime: Interval = .days(30)) throws -> DepositKeys {
    DepositKeys(of: try credential(lasting: lifetime))
  }

  private func opens(
    _ key: AgreementPublicKey, in files: DepositKeyFiles, seed: [UInt8]? = nil
  ) throws -> Bool {
    return switch try files.load(key, under: storageKey(seed)) {
    case .some(let keys): keys.publicKey == key
    case .none: false
    }
  }

  private func save(_ keys: borrowing DepositKeys, in files: DepositKeyFiles) throws {
    try files.save(keys, under: storageKey())
  }

  private func storageKey(_ seed: [UInt8]? = nil) throws -> DepositStorageKey {
    let seed = seed ?? self.seed
    return DepositStorageKey(
      identitySeed: SecretBytes(copying: seed.bytes),
      name: try #require(PrincipalName("alice")), realm: realm(1))
  }

  private func tag(_ byte: UInt8) throws -> DepositTag {
    try #require(DepositTag([UInt8](repeating: byte, count: 32)))
  }

  private func clocks(after interval: Interval) -> PeerTrust.Clocks {
    PeerTrust.Clocks(kdc: SystemClock.now + interval, own: SystemClock.now + interval)
  }

  @Test func keysOfSeveralLoginsAreKeptForTheirOwnerAlone() throws {
    let files = try files()
    let one = try keys()
    let other = try keys()
    try save(one, in: files)
    try save(other, in: files)
    let (first, second) = (one.publicKey, other.publicKey)
    #expect(try opens(first, in: files) && opens(second, in: files))
    #expect(permissions(files.path(of: first)) == 0o600)
    #expect(permissions(parentFolder(of: files.path(of: first))) == 0o700)
    #expect(person.said.isEmpty)
    let unknown = try keys().publicKey
    #expect(try !opens(unknown, in: files))
    #expect(try !opens(first, in: self.files("bob")))
    #expect(person.said.isEmpty)
  }

  @Test func damagedOrForeignKeysAreToldAndLeft() throws {
    let files = try files()
    let one = try keys()
    let other = try keys()
    try save(one, in: files)
    try save(other, in: files)
    let (first, second) = (one.publicKey, other.publicKey)
    #expect(try !opens(first, in: files, seed: [UInt8](repeating: 3, count: 32)))
    #expect(person.said.count == 1)
    // One login's file in the place of the other's.
    #expect(unsafe rename(files.path(of: first), files.path(of: second)) == 0)
    #expect(try !opens(second, in: files))
    #expect(person.said.count == 2)
    #expect(permissions(files.path(of: second)) == 0o600)
  }

  @Test func whatWasTakenIsRememberedForItsLogin() throws {
    let files = try files()
    let one = try keys()
    let other = try keys()
    try save(one, in: files)
    let (first, second) = (one.publicKey, other.publicKey)
    #expect(try !files.isTaken(tag(1), for: first))
    for byte in UInt8(1)...3 { try files.remember(tag(byte), for: first) }
    for byte in UInt8(1)...3 { #expect(try files.isTaken(tag(byte), for: first)) }
    #expect(try !files.isTaken(tag(4), for: first))
    #expect(try !files.isTaken(tag(1), for: second))
  }

  /// HOSTILE D 18: a write that a crash has torn counts for nothing, and spoils nothing.
  @Test func tornMemoryIsMended() throws {
    let files = try files()
    let one = try keys()
    let key = one.publicKey
    try save(one, in: files)
    try files.remember(tag(1), for: key)
    let path = files.path(of: key) + "~taken"
    #expect(unsafe truncate(path, 32 + 7) == 0)
    #expect(try files.isTaken(tag(1), for: key))
    try files.remember(tag(2), for: key)
    #expect(try files.isTaken(tag(1), for: key) && files.isTaken(tag(2), for: key))
    #expect(try !files.isTaken(tag(0), for: key))
  }

  @Test func keysAreErasedWhenTheirTimeIsOver() throws {
    let files = try files()
    let short = try keys(lasting: .days(1))
    let long = try keys()
    try save(short, in: files)
    try save(long, in: files)
    let (first, second) = (short.publicKey, long.publicKey)
    try files.remember(tag(1), for: first)
    let witness = folder.path + "/witness"
    #expect(unsafe link(files.path(of: first), witness) == 0)
    #expect(try files.eraseExpired(at: clocks(after: .hours(23))) == 0)
    #expect(try opens(first, in: files))
    #expect(try files.eraseExpired(at: clocks(after: .days(1) + .minutes(6))) == 1)
    #expect(try !opens(first, in: files) && opens(second, in: files))
    #expect(permissions(files.path(of: first) + "~taken") == nil)
    #expect(contents(witness).utf8.allSatisfy { $0 == 0 })
    // A KDC that holds its clock back does not keep them alive.
    let held = PeerTrust.Clocks(
      kdc: SystemClock.now, own: SystemClock.now + .days(31) + .minutes(1))
    #expect(try files.eraseExpired(at: held) == 1)
    #expect(try !opens(second, in: files))
  }

  @Test func nothingIsThereToErase() throws {
    #expect(try files().eraseExpired(at: clocks(after: .days(99))) == 0)
    #expect(permissions(folder.state.path) == nil)
  }
}
