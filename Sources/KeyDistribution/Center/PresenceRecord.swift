internal import Cryptography
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
  public var sealedTicketKey: [UInt8]

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
