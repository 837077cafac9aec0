internal import Cryptography
public import SecretMemory
public import Wire

/// A login as a device keeps it from one program to the next. Nothing but the permissions of the
/// file protects it: whoever reads it is logged in until the login ends.
///
/// Magic, KDC identity (32), in the second form the realm id (32), name (65), identity key (32),
/// end, time granted, observed address (19), login key (32), signed login key (116), ticket key
/// (32), request key (32), TGT (213), and the SHA-256 of all that, which tells damage. The second
/// form is for a KDC whose identity has been replaced.
public enum CachedCredential {
  private static let magic = [UInt8]("trent credential v1\n".utf8)
  private static let successorMagic = [UInt8]("trent credential v2\n".utf8)
  private static let realmIDByteCount = 32
  private static let signedLoginKeyByteCount =
    AgreementPublicKey.byteCount + 8 + 8 + 4 + SignedLoginKey.signatureByteCount
  private static let contentByteCount =
    magic.count + 32 + PrincipalName.paddedByteCount + 32 + 8 + 8 + NetworkAddress.byteCount
    + AgreementKey.byteCount + signedLoginKeyByteCount + SealingKey.byteCount + 32
    + TicketGrantingTicket.byteCount
  /// How many bytes the file has in the first form.
  public static let byteCount = contentByteCount + SHA256.byteCount
  /// How many it has at most.
  public static let longestByteCount = byteCount + realmIDByteCount

  /// The file's bytes.
  public static func encode(_ credential: borrowing Credential) -> SecretBytes {
    var file = ByteWriter(capacity: longestByteCount)
    let realm = credential.realm
    file.bytes(realm.hasFoundingIdentity ? magic.bytes : successorMagic.bytes)
    file.bytes(realm.identity.encoding)
    if !realm.hasFoundingIdentity { file.bytes(realm.id.bytes) }
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
    let sum = SHA256.hash(file.written)
    file.bytes(sum.bytes)
    return file.secret()
  }

  /// Reads the file. That its parts belong together is verified; that the KDC still accepts the
  /// login is not.
  public static func decode(_ bytes: RawSpan) throws(WireError) -> Credential {
    guard bytes.byteCount >= byteCount else { throw .truncated }
    let isSuccessor = [UInt8](bytes.extracting(first: magic.count)) == successorMagic
    let added = isSuccessor ? realmIDByteCount : 0
    guard bytes.byteCount >= byteCount + added else { throw .truncated }
    guard bytes.byteCount == byteCount + added else { throw .trailingBytes }
    let content = bytes.extracting(first: contentByteCount + added)
    let sum = SHA256.hash(content)
    guard equalInConstantTime(sum.bytes, bytes.extracting(last: SHA256.byteCount)) else {
      throw .invalid("checksum")
    }
    var reader = ByteReader(content)
    let expected = isSuccessor ? successorMagic : magic
    guard try reader.bytes(magic.count) == expected else { throw .invalid("magic") }
    let realm = try reader.realm(hasID: isSuccessor)
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
    try reader.finish()
    return Credential(
      realm: realm, name: name, identity: identity, end: end, grantedAt: grantedAt,
      observed: observed, loginKey: loginKey, signed: signed, ticketKey: ticketKey,
      requestKey: requestKey, ticket: ticket)
  }
}
