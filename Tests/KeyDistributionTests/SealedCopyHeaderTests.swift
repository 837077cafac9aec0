import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The head of an encrypted copy")
struct SealedCopyHeaderTests {
  private let salt = [UInt8](1...16)
  private let fileKey = [UInt8](repeating: 0xf1, count: 32)
  private let realm: Realm
  private let name: PrincipalName

  init() throws {
    realm = try TestKDC().realm
    name = try principal("backup")
  }

  private func key(_ seed: String) -> PrincipalKey {
    var random = SeededRandom(seed)
    return PrincipalKey(name: name, realm: realm, random: &random)
  }

  private func head(under secret: borrowing AccountSecret) -> SealedCopyHeader {
    var random = SeededRandom("sealing")
    return SealedCopyHeader(
      fileKey: SecretBytes(copying: fileKey.bytes), owner: name, realm: realm, secret: secret,
      chunkByteCount: 4096, random: &random)
  }

  private func opens(_ head: SealedCopyHeader, _ secret: borrowing AccountSecret) -> Bool {
    do {
      let opened = try head.open(with: secret)
      return [UInt8](opened.bytes) == fileKey
    } catch {
      return false
    }
  }

  @Test("Under a key file: kind 2, no parameters, and only that key opens it")
  func underKey() throws {
    let secret = key("right").secret(salt: salt)
    let head = head(under: secret)
    let bytes = head.bytes
    #expect(bytes.count == SealedCopyHeader.byteCount)
    #expect(bytes[21] == 2)
    #expect(bytes[22..<34].allSatisfy { $0 == 0 })
    let read = try SealedCopyHeader(bytes.bytes)
    #expect(read == head)
    #expect(read.derivation == .key)
    let right = opens(read, secret)
    let other = key("wrong").secret(salt: salt)
    let wrong = opens(read, other)
    #expect([right, wrong] == [true, false])
  }

  @Test("Parameters beside a key file, and kinds that there are not, are refused")
  func bentKinds() {
    let secret = key("right").secret(salt: salt)
    let bytes = head(under: secret).bytes
    for index in 22..<34 {
      var bogus = bytes
      bogus[index] = 1
      #expect(failure(WireError.self) { _ = try SealedCopyHeader(bogus.bytes) } != nil)
    }
    for kind in [UInt8(0), 1, 3, 255] {
      var bogus = bytes
      bogus[21] = kind
      #expect(failure(WireError.self) { _ = try SealedCopyHeader(bogus.bytes) } != nil)
    }
  }

  @Test("A head that calls itself another kind's does not open")
  func relabelled() throws {
    let passphrase = SecretBytes(copying: text("correct horse").bytes)
    let secret = try AccountSecret(passphrase: passphrase, parameters: .passphrase, salt: salt)
    var bogus = head(under: secret).bytes
    bogus[21] = 2
    for index in 22..<34 { bogus[index] = 0 }
    let relabelled = try SealedCopyHeader(bogus.bytes)
    let opened = opens(relabelled, secret)
    #expect(!opened)
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of a head under a key file")
  func bentHeads() {
    let secret = key("right").secret(salt: salt)
    let bytes = head(under: secret).bytes
    for bogus in Mutations.prefixes(of: bytes) + Mutations.extensions(of: bytes) {
      #expect(failure(WireError.self) { _ = try SealedCopyHeader(bogus.bytes) } != nil)
    }
    for bogus in Mutations.flips(of: bytes) {
      guard let head = try? SealedCopyHeader(bogus.bytes) else { continue }
      let opened = opens(head, secret)
      #expect(!opened)
    }
  }
}
