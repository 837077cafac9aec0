import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The identity key as a device keeps it")
struct SealedIdentityTests {
  private let salt = [UInt8](1...16)
  private let seed = [UInt8](repeating: 0x5e, count: 32)
  private let realm: Realm
  private let name: PrincipalName

  init() throws {
    realm = try TestKDC().realm
    name = try principal("alice")
  }

  private func secret(_ passphrase: String) throws -> AccountSecret {
    let passphrase = SecretBytes(copying: text(passphrase).bytes)
    return try AccountSecret(passphrase: passphrase, parameters: .passphrase, salt: salt)
  }

  private func sealed(_ secret: borrowing AccountSecret) -> SealedIdentity {
    var random = SeededRandom("sealing")
    return SealedIdentity(
      seed: SecretBytes(copying: seed.bytes), secret: secret, name: name, realm: realm,
      random: &random)
  }

  private func opens(
    _ identity: SealedIdentity, _ secret: borrowing AccountSecret,
    name: PrincipalName? = nil, realm: Realm? = nil
  ) -> Bool {
    do {
      let opened = try identity.open(
        with: secret, name: name ?? self.name, realm: realm ?? self.realm)
      return [UInt8](opened.bytes) == seed
    } catch {
      return false
    }
  }

  @Test("The whole way from a passphrase, through the file and back, off line")
  func roundTrip() throws {
    let secret = try secret("correct horse battery staple")
    let same = equalInConstantTime(secret.digest.bytes, secret.deviceKey.bytes)
    #expect(!same)
    let file = sealed(secret).file
    #expect(file.count == SealedIdentity.byteCount)
    let read = try SealedIdentity(file.bytes)
    #expect(read.parameters == .passphrase)
    #expect(read.salt == salt)
    let again = try self.secret("correct horse battery staple")
    let opened = opens(read, again)
    #expect(opened)
  }

  @Test("Another passphrase, name or realm does not open it")
  func wrong() throws {
    let secret = try secret("right")
    let other = try self.secret("wrong")
    let identity = sealed(secret)
    let right = opens(identity, secret)
    let passphrase = opens(identity, other)
    let otherName = opens(identity, secret, name: try principal("bob"))
    let otherRealm = opens(
      identity, secret, realm: try TestKDC(seed: "another").realm)
    #expect([right, passphrase, otherName, otherRealm] == [true, false, false, false])
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of the file")
  func bentFiles() throws {
    let secret = try secret("right")
    let file = sealed(secret).file
    for bogus in Mutations.prefixes(of: file) + Mutations.extensions(of: file) {
      let failure = failure(WireError.self) { _ = try SealedIdentity(bogus.bytes) }
      #expect(failure != nil)
    }
    for bogus in Mutations.flips(of: file) {
      guard let identity = try? SealedIdentity(bogus.bytes) else { continue }
      let opened = opens(identity, secret)
      #expect(!opened)
    }
  }
}
