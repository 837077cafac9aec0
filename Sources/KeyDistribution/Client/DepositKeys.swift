public import Cryptography
internal import SecretMemory
public import Wire

/// What a receiver keeps of a login that opens deposits, on its disk before the KDC is told (B1)
/// and until the login key expires.
///
/// The file: magic, public login key (32), expiry, then sealed the private login key (32), ticket
/// key (32) and signed login key (116).
public struct DepositKeys: ~Copyable, Sendable {
  private static let magic = [UInt8]("trent deposit keys v1\n".utf8)
  private static let headByteCount = magic.count + AgreementPublicKey.byteCount + 8
  private static let sealedByteCount =
    SealingKey.nonceByteCount + 32 + 32 + (32 + 8 + 8 + 4 + 64) + SealingKey.tagByteCount
  /// How many bytes the file has.
  public static let byteCount = headByteCount + sealedByteCount

  /// At which KDC the login was.
  public let realm: Realm
  /// Whose login it was.
  public let name: PrincipalName
  /// The public half of the user's own identity key.
  public let identity: VerifyingKey
  let loginKey: AgreementKey
  let signed: SignedLoginKey
  let ticketKey: SealingKey

  /// Those of a login.
  public init(of login: borrowing Credential) {
    realm = login.realm
    name = login.name
    identity = login.identity
    loginKey = login.loginKey.duplicate()
    signed = login.signed
    ticketKey = SealingKey(login.ticketKey.secretBytes())
  }

  /// What deposits for this login name.
  public var publicKey: AgreementPublicKey { signed.key }

  /// When they have to be erased, in KDC time.
  public var expires: Timestamp { signed.expires }

  /// Seals them.
  ///
  /// - Parameter key: that of this user and realm.
  public func file(
    under key: borrowing DepositStorageKey, random: inout some RandomSource
  ) -> [UInt8] {
    var file = ByteWriter(capacity: Self.byteCount)
    file.bytes(Self.magic.bytes)
    file.bytes(signed.key.encoding)
    file.timestamp(signed.expires)
    let head = FixedBytes<64>(padding: file.written)
    let context = Self.context(
      head: head.bytes.extracting(first: Self.headByteCount), name: name, realm: realm)
    file.sealed(
      under: key.sealingKey(), authenticating: context.bytes, random: &random
    ) { body in
      body.bytes(loginKey.privateBytes().bytes)
      body.bytes(ticketKey.secretBytes().bytes)
      body.loginKey(signed)
    }
    return file.publicBytes()
  }

  /// What a file says without being opened.
  public struct Head: Hashable, Sendable {
    /// What a deposit's letter names.
    public let publicKey: AgreementPublicKey
    /// When they are to be erased, in KDC time.
    public let expires: Timestamp

    /// Nothing is verified: a file whose expiry is bent is found out when it is opened.
    public init(_ file: RawSpan) throws(WireError) {
      guard file.byteCount == DepositKeys.byteCount else { throw .invalid("length") }
      var reader = ByteReader(file)
      guard try reader.bytes(DepositKeys.magic.count) == DepositKeys.magic else {
        throw .invalid("magic")
      }
      publicKey = try reader.agreementKey()
      expires = try reader.timestamp()
    }
  }

  /// Opens a file; fails unless key, name and realm are those it was sealed for and nothing of it
  /// was changed.
  public init(
    opening file: RawSpan, under key: borrowing DepositStorageKey, name: PrincipalName, realm: Realm
  ) throws(WireError) {
    let head = try Head(file)
    let context = Self.context(
      head: file.extracting(first: Self.headByteCount), name: name, realm: realm)
    let body: SecretBytes
    do {
      body = try key.sealingKey().openWithNonce(
        file.extracting(droppingFirst: Self.headByteCount), authenticating: context.bytes)
    } catch {
      throw .invalid("seal")
    }
    var reader = ByteReader(body.bytes)
    let loginKey = AgreementKey(privateKey: try reader.secret(AgreementKey.byteCount))
    let ticketKey = try reader.secret(SealingKey.byteCount)
    let signed = try reader.loginKey()
    try reader.finish()
    guard loginKey.publicKey == signed.key, signed.key == head.publicKey,
      signed.expires == head.expires
    else { throw .invalid("login key") }
    self.realm = realm
    self.name = name
    identity = key.identity
    self.loginKey = loginKey
    self.signed = signed
    self.ticketKey = SealingKey(ticketKey)
  }

  private static func context(head: RawSpan, name: PrincipalName, realm: Realm) -> [UInt8] {
    var context = ByteWriter(.depositKeys, in: realm)
    context.prefixed(name)
    context.bytes(head)
    return context.publicBytes()
  }
}
