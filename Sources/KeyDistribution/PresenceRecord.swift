public import Cryptography
public import Wire

/// Where a receiver can be reached, and the keys of the login that it receives with.
public struct PresenceRecord: Hashable, Sendable {
  public let name: PrincipalName
  /// The key version number of the login; a record of an older one is dead.
  public let keyVersion: UInt32
  /// When the KDC granted the login. Of two records of one name the later login wins.
  public let loginTime: Timestamp
  /// When the login, and the record with it, ends.
  public let loginEnd: Timestamp
  /// Where the receiver listens, the address that the KDC observed first. At most
  /// `addressLimit`.
  public var addresses: [NetworkAddress]
  /// The per-login key with the signature of the receiver's identity key.
  public let loginKey: SignedLoginKey
  /// The key that tickets for this receiver are sealed under, itself under the storage key: nonce,
  /// ciphertext, tag (60 bytes).
  public let sealedTicketKey: [UInt8]

  public static let addressLimit = 6
  public static let sealedTicketKeyByteCount = 12 + 32 + 16

  public init(
    name: PrincipalName, keyVersion: UInt32, loginTime: Timestamp, loginEnd: Timestamp,
    addresses: [NetworkAddress], loginKey: SignedLoginKey, sealedTicketKey: [UInt8]
  ) {
    self.name = name
    self.keyVersion = keyVersion
    self.loginTime = loginTime
    self.loginEnd = loginEnd
    self.addresses = addresses
    self.loginKey = loginKey
    self.sealedTicketKey = sealedTicketKey
  }
}

/// A per-login X25519 key as its owner's identity key signed it (PROTOCOL.md, 3.4).
public struct SignedLoginKey: Hashable, Sendable {
  public let key: AgreementPublicKey
  /// When the owner made it, in KDC time as the owner knew it.
  public let issued: Timestamp
  public let expires: Timestamp
  /// The key version number of the login.
  public let keyVersion: UInt32
  /// Ed25519, 64 bytes. Not verified by the KDC; peers do.
  public let signature: [UInt8]

  public static let signatureByteCount = 64

  public init(
    key: AgreementPublicKey, issued: Timestamp, expires: Timestamp, keyVersion: UInt32,
    signature: [UInt8]
  ) {
    self.key = key
    self.issued = issued
    self.expires = expires
    self.keyVersion = keyVersion
    self.signature = signature
  }
}
