import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import Directory
@testable import KeyDistribution

/// What else is read of a realm: `kdc.key`, and users as `kdc export` writes them.
enum RealmFiles {
  private static let folder = MemoryFolder()

  // MARK: kdc.key

  /// With one storage key, with two, and with an identity that has another's place.
  private static let keyFiles: [[UInt8]] = [0, 1, 2].map { kind in
    var succession = IdentitySuccession()
    var seed = World.secret("kdc identity-seed")
    if kind == 2 {
      let former = SigningKey(seed: seed)
      seed = World.secret("kdc identity-seed 1")
      succession =
        succession.continued(
          by: former, with: SigningKey(seed: seed).publicKey, in: World.realm, at: World.now)
        ?? succession
    }
    let material = KDCKeyMaterial(
      identitySeed: seed, succession: succession, isRecertifying: kind == 2,
      storageKey: World.secret("kdc storage-key"),
      formerStorageKey: kind == 0 ? nil : World.secret("kdc storage-key 0"),
      saltKey: World.secret("kdc salt-key"), ratchetPeriod: 7,
      ratchetKey: World.secret("kdc ratchet-key"))
    return saved(material)
  }

  private static func saved(_ material: borrowing KDCKeyMaterial) -> [UInt8] {
    guard (try? KeyFile.save(material, to: folder.path + "/kdc.key")) != nil,
      let bytes = folder.get("kdc.key")
    else { fatalError("broken: keys are saved") }
    return bytes
  }

  /// A key file that is bent and has a right checksum all the same, or has none.
  static func keyFile(_ input: inout FuzzInput) {
    let choice = input.byte()
    let honest = keyFiles[Int(choice) % keyFiles.count]
    var bytes = honest.dropLast(SHA256.byteCount).mutated(by: &input)
    if choice & 0x80 == 0 { bytes += SHA256.hash(bytes.bytes) }
    folder.put(bytes, at: "kdc.key")
    guard let material = try? KeyFile.load(folder.path + "/kdc.key") else {
      return expect(bytes != honest, "an honest key file is read")
    }
    expect(saved(material) == bytes, "a key file has one spelling")
    let center = KeyDistributionCenter(material, policy: CenterPolicy(), now: World.now)
    expect(center.keys.realm.id.count == 32, "a KDC starts with it")
  }

  // MARK: Exports

  private static let salt = World.bytes("export salt", ExportKey.saltByteCount)
  private static let passphrase = [UInt8]("a passphrase".utf8)

  /// What two users are in an export, one whose name is free, and one who cannot be.
  private static let lines: [[UInt8]] = {
    var random = FuzzRandom(5)
    let key = exportKey
    do {
      var users = [Person.alice.record, Person.bob.record]
      users.append(try World.keys.vacating(users[1], as: .reset, random: &random))
      // No KDC writes such a one.
      var owned = users[2]
      owned.identity = users[0].identity
      users.append(owned)
      return try users.map { user in
        let digest =
          user.state.isVacant
          ? nil : try key.seal(digestOf: user, in: World.keys, random: &random)
        return [UInt8]("\(UserExport.line(of: user, digest: digest))".utf8)
      }
    } catch {
      fatalError("no lines: \(error)")
    }
  }()

  private static var exportKey: ExportKey {
    do {
      return try ExportKey(
        passphrase: secret(passphrase), salt: salt,
        parameters: Argon2Parameters(iterations: 1, memoryKiB: 8, parallelism: 1))
    } catch {
      fatalError("no key: \(error)")
    }
  }

  /// An export whose author knows the passphrase, and says of users what he likes.
  static func forgedExport(_ input: inout FuzzInput) {
    let choice = input.byte()
    let line = lines[Int(choice) % lines.count].mutated(by: &input)
    let head =
      #"{"format":"trent users v1","realm":"","argon2id":[1,8,1],"salt":"\#(Base64.encode(salt))"}"#
    let text = [UInt8]((head + "\n").utf8) + line + [UInt8(ascii: "\n")]
    let count = line.count { $0 == UInt8(ascii: "\n") } + 1
    let mac = Base64.encode(exportKey.authenticate(text.bytes))
    read(text + [UInt8]("{\"users\":\(count),\"mac\":\"\(mac)\"}\n".utf8))
  }

  private static func read(_ export: [UInt8]) {
    folder.put(export, at: "export")
    var random = FuzzRandom(6)
    guard
      let users = try? UserExport.read(
        folder.path + "/export", for: World.keys, under: secret(passphrase), random: &random)
    else { return }
    for user in users {
      expect(World.keys.isSound(user), "a user can log in")
      expect(RecordLines.user(RecordLines.text(of: user)) == user, "a user is kept as it was read")
    }
  }
}
