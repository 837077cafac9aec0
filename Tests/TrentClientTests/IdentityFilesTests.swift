import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import TrentClient

@Suite struct IdentityFilesTests {
  private let folder = TemporaryFolder()

  private func files(_ name: String = "alice") throws -> IdentityFiles {
    IdentityFiles(of: try #require(PrincipalName(name)), in: realm(1), state: folder.state)
  }

  private func accountSecret() throws -> AccountSecret {
    try AccountSecret(
      passphrase: secret("secret"), parameters: .passphrase,
      salt: [UInt8](repeating: 7, count: 16))
  }

  @Test func aCandidateBecomesTheIdentity() throws {
    let files = try files()
    let secret = try accountSecret()
    let lock = try files.lock()
    #expect(try files.current() == nil)
    #expect(try files.candidate() == nil)
    let seed = SecretBytes(copying: [UInt8](repeating: 3, count: 32).bytes)
    try files.writeCandidate(seed: seed, sealedWith: secret)
    #expect(permissions(files.candidatePath) == 0o600)
    #expect(try files.current() == nil)
    try files.promoteCandidate()
    #expect(permissions(files.candidatePath) == nil)
    let current = try #require(try files.current())
    let opened = try current.open(with: secret, name: files.name, realm: realm(1))
    #expect([UInt8](opened.bytes) == [UInt8](repeating: 3, count: 32))
    lock.isHeldUntilHere()
  }

  @Test func anIdentityThatIsReplacedIsKeptAside() throws {
    let files = try files()
    let secret = try accountSecret()
    let lock = try files.lock()
    for byte in [UInt8(3), 4] {
      let seed = SecretBytes(copying: [UInt8](repeating: byte, count: 32).bytes)
      try files.writeCandidate(seed: seed, sealedWith: secret)
      try files.promoteCandidate()
    }
    #expect(permissions(files.path + "~old") == 0o600)
    lock.isHeldUntilHere()
  }

  @Test func aDamagedFileIsToldAndNotOverwritten() throws {
    let files = try files()
    let lock = try files.lock()
    let realmFolder = "state/identities/\(realm(1).hexadecimalID)"
    _ = folder.write("no identity", to: "\(realmFolder)/alice")
    #expect(throws: ClientFailure.self) { _ = try files.current() }
    lock.isHeldUntilHere()
  }

  /// Files beside the identity must not be some other user's.
  @Test(arguments: ["~new", "~old", "~lock"])
  func theMarksAreNoLettersOfNames(_ mark: String) {
    #expect(PrincipalName("alice" + mark) == nil)
  }
}
