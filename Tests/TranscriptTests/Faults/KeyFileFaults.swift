import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// One fault each in a key file (9), and in the head of an encrypted copy under one (8).
let keyFileFaults: [Scenario] = [
  keyFile("9-magic", "The file does not begin as it should.") { summed($0.flipped(0)) },
  keyFile("9-checksum", "A bit of the checksum is another.") { $0.flipped(-1) },
  keyFile("9-key", "A bit of the key is another, the checksum is not.") { $0.flipped(115) },
  keyFile("9-name-length", "The name has no letter.") { summed($0.with(0, at: 50)) },
  keyFile("9-name-letter", "The name has a capital.") { summed($0.with(0x42, at: 51)) },
  keyFile("9-name-padding", "The padding is not zero.") { summed($0.with(1, at: 114)) },
  keyFile("9-short", "The last byte is missing.") { [UInt8]($0.dropLast()) },
  keyFile("9-trailing", "A byte follows the checksum.") { $0 + [0] },
  copy("8-kind", "The kind is none that there is.") { $0.with(3, at: 21) },
  copy("8-kind-other", "The kind is a passphrase's, without parameters.") { $0.with(1, at: 21) },
  copy("8-parameters", "Parameters beside a key file.") { $0.with(1, at: 33) },
  copy("8-realm", "Another realm than the seal's.") { $0.flipped(50) },
  copy("8-tag", "A bit of the tag is another.") { $0.flipped(-1) },
  copy("8-trailing", "A byte follows the tag.") { $0 + [0] },
]

/// With the checksum made anew: the fault is behind it.
private func summed(_ file: [UInt8]) -> [UInt8] {
  let content = [UInt8](file.dropLast(SHA256.byteCount))
  return content + SHA256.hash(content.bytes)
}

private func principalKey(in realm: Realm) throws -> PrincipalKey {
  var random = FixedRandom(World.bytes("key file", 64))
  return PrincipalKey(name: try principal("backup"), realm: realm, random: &random)
}

private func keyFile(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "9") { tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("key file")
    let file = try tape.given("file") {
      let whole = try principalKey(in: kdc.realm).file()
      return edit([UInt8](whole.bytes))
    }
    return try refused(at: "9", as: WireError.self) { _ = try PrincipalKey(file.bytes) }
  }
}

private func copy(
  _ path: String, _ comment: String, edit: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> Scenario {
  Scenario("fault/\(path)", comment, refusedAt: "8") { tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("copy")
    let key = try principalKey(in: kdc.realm)
    let salt = kdc.keys.salt(for: key.name)
    let device = key.secret(salt: salt)
    let deviceKey = try tape.given("device-key", [UInt8](device.deviceKey.bytes))
    try tape.require(deviceKey == [UInt8](device.deviceKey.bytes), "the key is the file's")
    let head = try tape.given("head") {
      var random = FixedRandom(World.bytes("copy nonce", 12))
      return edit(
        SealedCopyHeader(
          fileKey: secret(World.bytes("file key", 32)), owner: key.name, realm: kdc.realm,
          secret: device, chunkByteCount: 4096, random: &random
        ).bytes)
    }
    do {
      _ = try SealedCopyHeader(head.bytes).open(with: device)
      return nil
    } catch {
      return "8"
    }
  }
}
