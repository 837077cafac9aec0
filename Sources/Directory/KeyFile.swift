internal import Cryptography
internal import DurableFiles
public import KeyDistribution
internal import SecretMemory
internal import Wire

/// `kdc.key`: every long-lived secret of a KDC, in the clear, readable by its owner alone (0600).
///
/// Layout: the line `trent kdc key v1`, identity seed, storage key and salt key (32 bytes each),
/// ratchet period (8 bytes, big-endian), ratchet key (32 bytes), and the SHA-256 over all that.
/// While the storage key is being replaced the line is `trent kdc key v2`, and the former storage
/// key (32 bytes) comes before the SHA-256. Once the identity has been replaced it is
/// `trent kdc key v3`, and before the SHA-256 come: 1 and the former storage key, or 0 without one;
/// 1 while certificates are being replaced, else 0; the succession (PROTOCOL.md, 2.4).
public enum KeyFile {
  private static let magic = [UInt8]("trent kdc key v1\n".utf8)
  private static let rotationMagic = [UInt8]("trent kdc key v2\n".utf8)
  private static let successorMagic = [UInt8]("trent kdc key v3\n".utf8)
  private static let keyByteCount = 32
  private static let byteCount = magic.count + 4 * keyByteCount + 8 + SHA256.byteCount
  /// Enough to see that a file is too long.
  private static let readLimit = 4096

  /// Reads the secrets; nil when there is no such file.
  public static func load(_ path: String) throws(KeyFileFailure) -> KDCKeyMaterial? {
    let file: SecretFile
    do throws(FileFailure) {
      guard let found = try SecretFile.read(path, limit: readLimit) else { return nil }
      file = found
    } catch {
      throw .file(error)
    }
    guard !file.isOpenToOthers else {
      throw .openToOthers(path: path, permissions: UInt32(file.permissions))
    }
    guard isKeyFile(file.contents.bytes) else { throw .notAKeyFile(path: path) }
    do throws(WireError) {
      return try parse(file.contents.bytes)
    } catch {
      throw .damaged(path: path)
    }
  }

  private static func isKeyFile(_ contents: RawSpan) -> Bool {
    has(magic, contents) || isRotating(contents) || has(successorMagic, contents)
  }

  private static func has(_ magic: [UInt8], _ contents: RawSpan) -> Bool {
    contents.starts(with: String(decoding: magic, as: UTF8.self))
  }

  private static func isRotating(_ contents: RawSpan) -> Bool { has(rotationMagic, contents) }

  private static func parse(_ contents: RawSpan) throws(WireError) -> KDCKeyMaterial {
    let isRotating = isRotating(contents)
    let isSuccessor = has(successorMagic, contents)
    guard contents.byteCount >= byteCount,
      isSuccessor || contents.byteCount == byteCount + (isRotating ? keyByteCount : 0)
    else { throw .invalid("size") }
    let covered = contents.extracting(droppingLast: SHA256.byteCount)
    guard SHA256.hash(covered) == [UInt8](contents.extracting(last: SHA256.byteCount)) else {
      throw .invalid("checksum")
    }
    var reader = ByteReader(covered.extracting(droppingFirst: magic.count))
    let identitySeed = try reader.secret(keyByteCount)
    let storageKey = try reader.secret(keyByteCount)
    let saltKey = try reader.secret(keyByteCount)
    let ratchetPeriod = try reader.uint64()
    let ratchetKey = try reader.secret(keyByteCount)
    let hasFormerKey = isSuccessor ? try reader.flag() : isRotating
    let formerStorageKey: SecretBytes? = hasFormerKey ? try reader.secret(keyByteCount) : nil
    var isRecertifying = false
    var succession = IdentitySuccession()
    if isSuccessor {
      isRecertifying = try reader.flag()
      succession = try IdentitySuccession(from: &reader)
      let identity = SigningKey(seed: identitySeed).publicKey
      guard succession.realm(of: identity) != nil else { throw .invalid("succession") }
    }
    try reader.finish()
    return KDCKeyMaterial(
      identitySeed: identitySeed, succession: succession, isRecertifying: isRecertifying,
      storageKey: storageKey, formerStorageKey: formerStorageKey, saltKey: saltKey,
      ratchetPeriod: ratchetPeriod, ratchetKey: ratchetKey)
  }

  /// Writes the secrets so that at any moment the file has either the old ones or the new.
  public static func save(
    _ material: borrowing KDCKeyMaterial, to path: String
  ) throws(KeyFileFailure) {
    var writer = ByteWriter(capacity: byteCount)
    let isRotating =
      switch material.formerStorageKey {
      case .some: true
      case .none: false
      }
    let isSuccessor = material.succession.count > 0
    let line = isSuccessor ? successorMagic : isRotating ? rotationMagic : magic
    writer.bytes(line.bytes)
    writer.bytes(material.identitySeed.bytes)
    writer.bytes(material.storageKey.bytes)
    writer.bytes(material.saltKey.bytes)
    writer.uint64(material.ratchetPeriod)
    writer.bytes(material.ratchetKey.bytes)
    if isSuccessor { writer.uint8(isRotating ? 1 : 0) }
    switch material.formerStorageKey {
    case .some(let key): writer.bytes(key.bytes)
    case .none: break
    }
    if isSuccessor {
      writer.uint8(material.isRecertifying ? 1 : 0)
      material.succession.write(to: &writer)
    }
    let checksum = SHA256.hash(writer.written)
    writer.bytes(checksum.bytes)
    do throws(FileFailure) {
      try AtomicFile.replace(path, with: writer.written)
    } catch {
      throw .file(error)
    }
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  fileprivate mutating func flag() throws(WireError) -> Bool {
    let value = try uint8()
    guard value <= 1 else { throw .invalid("flag") }
    return value == 1
  }
}
