import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("The key file of a machine")
struct PrincipalKeyTests {
  private let salt = [UInt8](1...16)
  private let realm: Realm
  private let name: PrincipalName

  init() throws {
    realm = try TestKDC().realm
    name = try principal("backup")
  }

  private func key(_ seed: String = "key file") -> PrincipalKey {
    var random = SeededRandom(seed)
    return PrincipalKey(name: name, realm: realm, random: &random)
  }

  private func bytes(_ key: borrowing PrincipalKey) -> [UInt8] {
    let file = key.file()
    return [UInt8](file.bytes)
  }

  private func digest(_ key: borrowing PrincipalKey, _ salt: [UInt8]) -> [UInt8] {
    let secret = key.secret(salt: salt)
    return [UInt8](secret.digest.bytes)
  }

  /// With the checksum made anew, as somebody who writes such files would.
  private func summed(_ file: [UInt8]) -> [UInt8] {
    let content = [UInt8](file.dropLast(SHA256.byteCount))
    return content + SHA256.hash(content.bytes)
  }

  private func isRead(_ file: [UInt8]) -> Bool {
    do {
      _ = try PrincipalKey(file.bytes)
      return true
    } catch {
      return false
    }
  }

  @Test("What was written is read, byte for byte")
  func roundTrip() throws {
    let file = bytes(key())
    #expect(file.count == PrincipalKey.byteCount)
    let read = try PrincipalKey(file.bytes)
    #expect(read.name == name)
    #expect(read.realm == realm)
    #expect(bytes(read) == file)
    let another = bytes(key("another"))
    #expect(another != file)
  }

  @Test("After another identity the realm's id is there, too, and every byte of that counts")
  func successor() throws {
    let kdc = try TestKDC()
    try kdc.replaceIdentity()
    var random = SeededRandom("successor")
    let file = bytes(PrincipalKey(name: name, realm: kdc.realm, random: &random))
    #expect(file.count == PrincipalKey.longestByteCount)
    let read = try PrincipalKey(file.bytes)
    #expect(read.realm == kdc.realm && bytes(read) == file)
    for bogus in Mutations.prefixes(of: file) + Mutations.extensions(of: file)
      + Mutations.flips(of: file)
    {
      #expect(!isRead(bogus))
    }
    // One form for each: no id where it is that of the identity.
    let founding = SHA256.hash(kdc.realm.identity.encoding)
    #expect(isRead(summed(file)))
    #expect(!isRead(summed([UInt8](file[..<50] + founding + file[82...]))))
  }

  @Test("HOSTILE A 1: every prefix, flip and extension of a key file is refused")
  func bentFiles() {
    let file = bytes(key())
    for bogus in Mutations.prefixes(of: file) + Mutations.extensions(of: file)
      + Mutations.flips(of: file)
    {
      #expect(!isRead(bogus))
    }
  }

  @Test("Behind a good checksum too, only what a key file may say is read")
  func bentFields() {
    let file = bytes(key())
    #expect(isRead(summed(file)))
    // The magic, and the padding of the name, have one value.
    for index in Array(0..<18) + Array((51 + name.bytes.count)..<115) {
      var bogus = file
      bogus[index] ^= 1
      #expect(!isRead(summed(bogus)), "byte \(index)")
    }
    for (index, byte) in [(50, UInt8(0)), (50, 65), (51, 0x2f), (51, 0x42)] {
      var bogus = file
      bogus[index] = byte
      #expect(!isRead(summed(bogus)), "byte \(index)")
    }
  }

  @Test("The secret is Expand(Extract(salt, key), label, realm and name)")
  func derivation() throws {
    let file = bytes(key())
    let secret = key().secret(salt: salt)
    var info = ByteWriter()
    info.prefixed("trent key file v1")
    info.prefixed(realm.id.bytes)
    info.prefixed(name.bytes.bytes)
    let extracted = HMACSHA256.authenticate([UInt8](file[115..<147]).bytes, key: salt.bytes)
    let expanded = HKDF.expand(extracted.bytes, info: info.written, count: 64)
    let expected = [UInt8](expanded.bytes)
    #expect([UInt8](secret.digest.bytes) + [UInt8](secret.deviceKey.bytes) == expected)
    #expect(secret.derivation == .key)
    #expect(secret.salt == salt)
  }

  @Test("Another key, salt, name or realm gives another secret")
  func bound() throws {
    var random = SeededRandom("key file")
    let renamed = PrincipalKey(name: try principal("other"), realm: realm, random: &random)
    random = SeededRandom("key file")
    let moved = PrincipalKey(
      name: name, realm: try TestKDC(seed: "another").realm, random: &random)
    let digests = [
      digest(key(), salt), digest(key("another"), salt), digest(key(), salt.reversed()),
      digest(renamed, salt), digest(moved, salt),
    ]
    #expect(Set(digests).count == digests.count)
  }

  @Test("A new key keeps name, realm and identity")
  func newKey() throws {
    var random = SeededRandom("later")
    let old = key()
    let new = old.withNewKey(random: &random)
    #expect(new.name == name)
    #expect(new.realm == realm)
    let isSame = equalInConstantTime(new.identitySeed.bytes, old.identitySeed.bytes)
    #expect(isSame)
    let digests = [digest(old, salt), digest(new, salt)]
    #expect(digests[0] != digests[1])
  }

  @Test("R, L: a machine registers and logs in like anybody else, and its record says as much")
  func principalLikeAnyOther() throws {
    let kdc = try TestKDC()
    let key = key()
    let told = try kdc.salt(of: name)
    let secret = key.secret(salt: told.salt)
    let identity = SigningKey(seed: key.identitySeed)
    let registration = try kdc.epoch().register(
      name, salt: told, digest: secret.digest, identity: identity, port: 60_000)
    let request = registration.message
    _ = try registration.next.receive(try kdc.reply(to: request))
    let login = try kdc.epoch().logIn(
      name, keyVersion: told.keyVersion, digest: secret.digest, identity: identity,
      loginKey: kdc.random.agreementKey(), lifetime: .hours(1), at: kdc.now)
    let message = login.message
    let credential = try login.next.receive(try kdc.reply(to: message))
    #expect(credential.identity == identity.publicKey)
    let record = try #require(kdc.directory.users[name])
    #expect(record.parameters == .passphrase)
    #expect(record.salt == told.salt)
  }
}
