import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

let deviceScenarios = [
  Scenario("device/identity-file", "3.2, 3.6: a passphrase, its digest, and the identity file.") {
    tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("identity")
    let name = try principal(tape.word("name", "alice"))
    let passphrase = try tape.word("passphrase", "correct horse battery staple")
    let parameters = try read(try tape.given("argon2", written { $0.parameters(.passphrase) })) {
      (reader) throws(WireError) in try reader.parameters()
    }
    let salt = kdc.keys.salt(for: name)
    try tape.check("salt", salt)
    let derived = try AccountSecret(
      passphrase: secret([UInt8](passphrase.utf8)), parameters: parameters, salt: salt)
    try tape.check("digest", [UInt8](derived.digest.bytes))
    try tape.check("device-key", [UInt8](derived.deviceKey.bytes))
    let seed = try tape.given("identity-seed", Person.alice.identitySeed)
    var random = TapeRandom(tape, ["nonce"])
    let sealed = SealedIdentity(
      seed: secret(seed), secret: derived, name: name, realm: kdc.realm, random: &random)
    try tape.check("file", sealed.file)
    let opened = try SealedIdentity(sealed.file.bytes).open(
      with: derived, name: name, realm: kdc.realm)
    try tape.require([UInt8](opened.bytes) == seed, "the file opens")
  },
  Scenario("device/sealed-copy", "8: the head of an encrypted copy.") { tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("copy")
    let name = try principal(tape.word("name", "alice"))
    let passphrase = try tape.word("passphrase", "correct horse battery staple")
    let derived = try AccountSecret(
      passphrase: secret([UInt8](passphrase.utf8)), parameters: .passphrase,
      salt: kdc.keys.salt(for: name))
    try tape.check("device-key", [UInt8](derived.deviceKey.bytes))
    let fileKey = try tape.drawn("file-key", 32)
    var random = TapeRandom(tape, ["nonce"])
    let header = SealedCopyHeader(
      fileKey: secret(fileKey), owner: name, realm: kdc.realm, secret: derived,
      chunkByteCount: try tape.number("chunk-size", UInt32(1 << 18)), random: &random)
    try tape.check("head", header.bytes)
    try tape.check("binding", header.binding)
    let opened = try SealedCopyHeader(header.bytes.bytes).open(with: derived)
    try tape.require([UInt8](opened.bytes) == fileKey, "the head opens")
  },
  Scenario("device/key-file", "9: a key file, what it gives with the KDC's salt.") { tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("key file")
    let name = try principal(tape.word("name", "backup"))
    let salt = kdc.keys.salt(for: name)
    try tape.check("salt", salt)
    var random = TapeRandom(tape, ["key", "identity-seed"])
    let key = PrincipalKey(name: name, realm: kdc.realm, random: &random)
    try random.finish()
    let file = key.file()
    try tape.check("file", [UInt8](file.bytes))
    let read = try PrincipalKey(file.bytes)
    let derived = read.secret(salt: salt)
    try tape.check("digest", [UInt8](derived.digest.bytes))
    try tape.check("device-key", [UInt8](derived.deviceKey.bytes))
    try tape.check("identity-key", SigningKey(seed: read.identitySeed).publicKey.bytes)
  },
  Scenario("device/sealed-copy-key-file", "8: the head of an encrypted copy under a key file.") {
    tape in
    let kdc = try TapeCenter(tape)
    try tape.begin("copy")
    let name = try principal(tape.word("name", "backup"))
    var random = TapeRandom(tape, ["key", "identity-seed", "nonce"])
    let key = PrincipalKey(name: name, realm: kdc.realm, random: &random)
    let derived = key.secret(salt: kdc.keys.salt(for: name))
    try tape.check("device-key", [UInt8](derived.deviceKey.bytes))
    let fileKey = try tape.drawn("file-key", 32)
    let header = SealedCopyHeader(
      fileKey: secret(fileKey), owner: name, realm: kdc.realm, secret: derived,
      chunkByteCount: try tape.number("chunk-size", UInt32(1 << 18)), random: &random)
    try random.finish()
    try tape.check("head", header.bytes)
    try tape.check("binding", header.binding)
    let opened = try SealedCopyHeader(header.bytes.bytes).open(with: derived)
    try tape.require([UInt8](opened.bytes) == fileKey, "the head opens")
  },
]
