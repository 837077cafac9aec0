public import Cryptography
internal import DurableFiles
public import KeyDistribution
public import SecretMemory
internal import Wire

/// Why a file is no export that can be read, as a sentence.
public struct UserExportFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// The users of a realm in a file of their own (PROTOCOL.md, 10): one JSON object a line, digests
/// sealed under a passphrase, all of it authenticated.
public enum UserExport {
  private static let format = "trent users v1"
  private static let byteLimit = 4 << 30
  private static let lineLimit = 4096

  // MARK: Writing

  /// Writes a file of its owner's alone (0600).
  ///
  /// - Returns: how many users are in it.
  public static func write(
    _ users: [UserRecord], of keys: RealmKeys, to path: String,
    under passphrase: borrowing SecretBytes, random: inout some RandomSource
  ) throws(UserExportFailure) -> Int {
    let salt = random.bytes(ExportKey.saltByteCount)
    let key = try self.key(passphrase, salt: salt, parameters: .passphrase)
    var text = ByteWriter(capacity: 1 << 16)
    text.line("\(header(realm: keys.realm.id, salt: salt))")
    for user in users {
      let digest: [UInt8]?
      do {
        digest =
          user.state.isVacant ? nil : try key.seal(digestOf: user, in: keys, random: &random)
      } catch {
        throw UserExportFailure("the digest of \(user.name) does not open: see \"kdc check\"")
      }
      text.line("\(line(of: user, digest: digest))")
    }
    let mac = key.authenticate(text.written)
    text.line(
      "\(JSONValue.object([.init("users", .integer(Int64(users.count))), bytes("mac", mac)]))")
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: text.written)
    } catch {
      throw UserExportFailure("\(error)")
    }
    return users.count
  }

  private static func key(
    _ passphrase: borrowing SecretBytes, salt: [UInt8], parameters: Argon2Parameters
  ) throws(UserExportFailure) -> ExportKey {
    do throws(Argon2Failure) {
      return try ExportKey(passphrase: passphrase, salt: salt, parameters: parameters)
    } catch {
      throw UserExportFailure("there is not enough memory to hash the passphrase")
    }
  }

  private static func bytes(_ name: String, _ bytes: [UInt8]?) -> JSONValue.Member {
    .init(name, bytes.map { .text(Base64.encode($0)) } ?? .null)
  }

  private static func parameters(_ parameters: Argon2Parameters) -> JSONValue.Member {
    .init(
      "argon2id",
      .array(
        [parameters.iterations, parameters.memoryKiB, parameters.parallelism].map {
          .integer(Int64($0))
        }))
  }

  private static func header(realm: [UInt8], salt: [UInt8]) -> JSONValue {
    .object([
      .init("format", .text(format)), bytes("realm", realm), parameters(.passphrase),
      bytes("salt", salt),
    ])
  }

  static func line(of user: UserRecord, digest: [UInt8]?) -> JSONValue {
    .object([
      .init("name", .text("\(user.name)")), .init("ip", .text(user.address.host)),
      .init("port", .integer(Int64(user.address.port))),
      .init("kvno", .integer(Int64(user.keyVersion))), parameters(user.parameters),
      bytes("salt", user.salt), bytes("digest", digest),
      bytes("identity", user.identity?.bytes), .init("state", .text(user.state.rawValue)),
      .init("callers", user.callers.map { .array($0.map { .text("\($0)") }) } ?? .null),
    ])
  }

  // MARK: Reading

  /// The users in a file, as another realm keeps them. All of it is verified before any is told.
  public static func read(
    _ path: String, for keys: RealmKeys, under passphrase: borrowing SecretBytes,
    random: inout some RandomSource
  ) throws(UserExportFailure) -> [UserRecord] {
    let text: SecretBytes?
    do throws(FileFailure) {
      text = try readSecretFile(path, limit: byteLimit)
    } catch {
      throw UserExportFailure("\(error)")
    }
    guard let text else { throw UserExportFailure("there is no file \(path)") }
    var lines: [JSONValue] = []
    var lastStart = 0
    var block = LineBlock(text.bytes, offset: 0)
    while let line = block.next() {
      guard !line.isTorn, line.bytes.byteCount <= lineLimit,
        let value = try? JSONValue([UInt8](line.bytes))
      else { throw UserExportFailure("\(path), line \(lines.count + 1): this is no export") }
      lines.append(value)
      lastStart = Int(line.offset)
    }
    guard let head = lines.first, head["format"]?.text == format, let tail = lines.last,
      lines.count >= 2, let salt = decoded(head["salt"], ExportKey.saltByteCount),
      let costs = costs(head), costs.isWithinLimits, let mac = decoded(tail["mac"], 32)
    else { throw UserExportFailure("\(path) is no export of users") }
    let key = try self.key(passphrase, salt: salt, parameters: costs)
    let expected = key.authenticate(text.bytes.extracting(first: lastStart))
    guard equalInConstantTime(expected.bytes, mac.bytes),
      tail["users"]?.integer == Int64(lines.count - 2)
    else {
      throw UserExportFailure("wrong passphrase, or \(path) was changed")
    }
    var users: [UserRecord] = []
    for (number, line) in lines.dropFirst().dropLast().enumerated() {
      guard let user = user(line), let adopted = try? key.adopt(user, in: keys, random: &random)
      else { throw UserExportFailure("\(path), line \(number + 2): this is no user") }
      users.append(adopted)
    }
    return users
  }

  private static func decoded(_ value: JSONValue?, _ count: Int) -> [UInt8]? {
    guard let text = value?.text else { return nil }
    let spelled = [UInt8](text.utf8)
    guard Base64.decodedCount(spelled.bytes) == count else { return nil }
    return Base64.publicBytes(spelled.bytes)
  }

  private static func costs(_ line: JSONValue) -> Argon2Parameters? {
    guard case .array(let values)? = line["argon2id"], values.count == 3 else { return nil }
    let costs = values.compactMap { $0.integer.flatMap { UInt32(exactly: $0) } }
    guard costs.count == 3 else { return nil }
    return Argon2Parameters(iterations: costs[0], memoryKiB: costs[1], parallelism: costs[2])
  }

  /// The record of a line, its sealed digest that of the export.
  private static func user(_ line: JSONValue) -> UserRecord? {
    guard let name = line["name"]?.text.flatMap({ PrincipalName($0) }),
      let host = line["ip"]?.text,
      let port = line["port"]?.integer.flatMap({ UInt16(exactly: $0) }),
      let address = networkAddress(host: [UInt8](host.utf8).bytes, port: port),
      let keyVersion = line["kvno"]?.integer.flatMap({ UInt32(exactly: $0) }),
      let costs = costs(line), costs.isWithinLimits,
      let salt = decoded(line["salt"], UserRecord.saltByteCount),
      let state = line["state"]?.text.flatMap({ UserRecord.State(rawValue: $0) })
    else { return nil }
    let digest = decoded(line["digest"], UserRecord.sealedDigestByteCount)
    guard (digest == nil) == state.isVacant else { return nil }
    let identity = decoded(line["identity"], VerifyingKey.byteCount).flatMap { VerifyingKey($0) }
    guard (identity == nil) == (line["identity"] == .null) else { return nil }
    // A vacant name is nobody's: it has no key that could be certified.
    guard identity == nil || !state.isVacant else { return nil }
    var callers: [PrincipalName]?
    if case .array(let values)? = line["callers"] {
      let names = values.compactMap { $0.text.flatMap { PrincipalName($0) } }
      guard names.count == values.count, UserFile.fits(callers: names) else { return nil }
      callers = names
    }
    return UserRecord(
      name: name, address: address, keyVersion: keyVersion, parameters: costs, salt: salt,
      sealedDigest: digest ?? [], identity: identity, certificate: [], state: state,
      callers: callers)
  }
}
