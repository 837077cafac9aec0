internal import Cryptography
public import SecretMemory
public import Wire

/// A login as a device keeps it from one program to the next. Nothing but the permissions of the
/// file protects it: whoever reads it is logged in until the login ends, and opens the keys for
/// deposits that are on the device.
///
/// Magic, KDC identity (32), the realm id (32) if the KDC's identity has been replaced, name (65),
/// identity key (32), end, time granted, observed address (19), login key (32), signed login key
/// (116), ticket key (32), request key (32), TGT (213), what keys for deposits are sealed under
/// (32) in forms 3 and 4, and the SHA-256 of all that, which tells damage.
public enum CachedCredential {
  /// What is in a file besides what is in each.
  private struct Form {
    let hasRealmID: Bool
    let hasStorageKey: Bool

    static let all = [
      Form(hasRealmID: false, hasStorageKey: false), Form(hasRealmID: true, hasStorageKey: false),
      Form(hasRealmID: false, hasStorageKey: true), Form(hasRealmID: true, hasStorageKey: true),
    ]

    var magic: [UInt8] {
      let version = (hasRealmID ? 2 : 1) + (hasStorageKey ? 2 : 0)
      return [UInt8]("trent credential v\(version)\n".utf8)
    }

    var contentByteCount: Int {
      CachedCredential.contentByteCount + (hasRealmID ? realmIDByteCount : 0)
        + (hasStorageKey ? DepositStorageKey.byteCount : 0)
    }
  }

  private static let magicByteCount = 20
  private static let realmIDByteCount = 32
  private static let signedLoginKeyByteCount =
    AgreementPublicKey.byteCount + 8 + 8 + 4 + SignedLoginKey.signatureByteCount
  private static let contentByteCount =
    magicByteCount + 32 + PrincipalName.paddedByteCount + 32 + 8 + 8 + NetworkAddress.byteCount
    + AgreementKey.byteCount + signedLoginKeyByteCount + SealingKey.byteCount + 32
    + TicketGrantingTicket.byteCount
  /// How many bytes the file has in the first form.
  public static let byteCount = contentByteCount + SHA256.byteCount
  /// How many it has at most.
  public static let longestByteCount = byteCount + realmIDByteCount + DepositStorageKey.byteCount

  /// The file's bytes.
  public static func encode(_ credential: borrowing Credential) -> SecretBytes {
    var file = ByteWriter(capacity: longestByteCount)
    let realm = credential.realm
    let storageKey = credential.depositStorageKey?.secretBytes()
    let form = Form(hasRealmID: !realm.hasFoundingIdentity, hasStorageKey: storageKey != nil)
    file.bytes(form.magic.bytes)
    file.bytes(realm.identity.encoding)
    if form.hasRealmID { file.bytes(realm.id.bytes) }
    file.name(credential.name)
    file.bytes(credential.identity.encoding)
    file.timestamp(credential.end)
    file.timestamp(credential.grantedAt)
    file.address(credential.observed)
    file.bytes(credential.loginKey.privateBytes().bytes)
    file.loginKey(credential.signed)
    file.bytes(credential.ticketKey.secretBytes().bytes)
    file.bytes(credential.requestKey.bytes)
    file.bytes(credential.ticket.bytes)
    if let storageKey { file.bytes(storageKey.bytes) }
    let sum = SHA256.hash(file.written)
    file.bytes(sum.bytes)
    return file.secret()
  }

  /// Reads the file. That its parts belong together is verified; that the KDC still accepts the
  /// login is not.
  public static func decode(_ bytes: RawSpan) throws(WireError) -> Credential {
    guard bytes.byteCount >= byteCount else { throw .truncated }
    let magic = [UInt8](bytes.extracting(first: magicByteCount))
    guard let form = Form.all.first(where: { $0.magic == magic }) else { throw .invalid("magic") }
    let whole = form.contentByteCount + SHA256.byteCount
    guard bytes.byteCount >= whole else { throw .truncated }
    guard bytes.byteCount == whole else { throw .trailingBytes }
    let content = bytes.extracting(first: form.contentByteCount)
    let sum = SHA256.hash(content)
    guard equalInConstantTime(sum.bytes, bytes.extracting(last: SHA256.byteCount)) else {
      throw .invalid("checksum")
    }
    var reader = ByteReader(content)
    _ = try reader.bytes(magicByteCount)
    let realm = try reader.realm(hasID: form.hasRealmID)
    let name = try reader.name()
    let identity = try reader.verifyingKey()
    let end = try reader.timestamp()
    let grantedAt = try reader.timestamp()
    let observed = try reader.address()
    let loginKey = AgreementKey(privateKey: try reader.secret(AgreementKey.byteCount))
    let signed = try reader.loginKey()
    guard loginKey.publicKey == signed.key,
      signed.isSigned(by: identity, owner: name, realm: realm)
    else { throw .invalid("login key") }
    let ticketKey = try reader.secret(SealingKey.byteCount)
    let requestKey = try reader.secret(32)
    let ticket = try reader.bytes(TicketGrantingTicket.byteCount)
    let storageKey = form.hasStorageKey ? try reader.secret(DepositStorageKey.byteCount) : nil
    try reader.finish()
    var credential = Credential(
      realm: realm, name: name, identity: identity, end: end, grantedAt: grantedAt,
      observed: observed, loginKey: loginKey, signed: signed, ticketKey: ticketKey,
      requestKey: requestKey, ticket: ticket)
    if let storageKey { credential.depositStorageKey = DepositStorageKey(storageKey, of: identity) }
    return credential
  }
}
