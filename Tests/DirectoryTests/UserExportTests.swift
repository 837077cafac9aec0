import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

/// Users in an export whose author knows the passphrase, and may say of them what he likes.
@Suite struct UserExportTests {
  private static let salt = [UInt8](repeating: 7, count: ExportKey.saltByteCount)

  /// Reads an export with one user, all of which is authenticated.
  private func users(_ members: String) throws -> [UserRecord] {
    let folder = try TemporaryFolder()
    let passphrase = SecretBytes(copying: [UInt8]("a passphrase".utf8).bytes)
    let key = try ExportKey(
      passphrase: passphrase, salt: Self.salt,
      parameters: Argon2Parameters(iterations: 1, memoryKiB: 8, parallelism: 1))
    let head =
      #"{"format":"trent users v1","realm":"","argon2id":[1,8,1],"#
      + #""salt":"\#(Base64.encode(Self.salt))"}"#
    let user =
      #"{"name":"bob","ip":"192.0.2.1","port":1,"kvno":3,"argon2id":[3,65536,4],"#
      + #""salt":"\#(Base64.encode(Self.salt))",\#(members),"callers":null}"#
    let text = [UInt8]("\(head)\n\(user)\n".utf8)
    let mac = Base64.encode(key.authenticate(text.bytes))
    try put(text + [UInt8]("{\"users\":1,\"mac\":\"\(mac)\"}\n".utf8), at: folder.file("export"))
    var random = SystemRandom()
    let keys = RealmKeys(KDCKeyMaterial.generate(period: 0, random: &random))
    return try UserExport.read(
      folder.file("export"), for: keys, under: passphrase, random: &random)
  }

  @Test("A name that was reset is nobody's: with an identity key it is refused, and nothing traps")
  func vacantWithIdentity() throws {
    let vacant = #""digest":null,"identity":null,"state":"reset""#
    let read = try users(vacant)
    #expect(RecordLines.user(RecordLines.text(of: read[0])) == read[0])
    var random = SystemRandom()
    let identity = SigningKey(seed: random.secret(SigningKey.seedByteCount)).publicKey
    let owned = #""digest":null,"identity":"\#(Base64.encode(identity.bytes))","state":"reset""#
    #expect(throws: UserExportFailure.self) { try users(owned) }
  }
}
