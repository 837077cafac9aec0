internal import Cryptography
public import Wire

/// Where a receiver can be reached, and the keys of the login that it receives with.
public struct PresenceRecord: LoginRecord {
  private struct Fields: Hashable, Sendable {
    let name: PrincipalName
    let keyVersion: UInt32
    let loginTime: Timestamp
    let loginEnd: Timestamp
    var addresses: [NetworkAddress]
    let loginKey: SignedLoginKey
    let service: ServiceKind?
    var sealedTicketKey: [UInt8]
  }

  private var fields: Shared<Fields>

  /// Who is present.
  public var name: PrincipalName { fields.value.name }
  /// The key version number of the login; a record of an older one is dead.
  public var keyVersion: UInt32 { fields.value.keyVersion }
  /// When the KDC granted the login. Of two records of one name the later login wins.
  public var loginTime: Timestamp { fields.value.loginTime }
  /// When the login, and the record with it, ends.
  public var loginEnd: Timestamp { fields.value.loginEnd }
  /// Where the receiver listens, the address that the KDC observed first. At most
  /// `addressLimit`.
  public var addresses: [NetworkAddress] {
    get { fields.value.addresses }
    set { fields.change { $0.addresses = newValue } }
  }
  /// The per-login key with the signature of the receiver's identity key.
  public var loginKey: SignedLoginKey { fields.value.loginKey }
  /// What it serves others with; nil for a receiver.
  public var service: ServiceKind? { fields.value.service }
  /// The key that tickets for this receiver are sealed under, itself under the storage key: nonce,
  /// ciphertext, tag (60 bytes).
  public var sealedTicketKey: [UInt8] {
    get { fields.value.sealedTicketKey }
    set { fields.change { $0.sealedTicketKey = newValue } }
  }

  /// The observed one and five more.
  public static let addressLimit = 6
  /// A nonce, the key and a tag.
  public static let sealedTicketKeyByteCount = 12 + 32 + 16

  /// A record, its variable parts checked by who has read them.
  public init(
    name: PrincipalName, keyVersion: UInt32, loginTime: Timestamp, loginEnd: Timestamp,
    addresses: [NetworkAddress], loginKey: SignedLoginKey, service: ServiceKind? = nil,
    sealedTicketKey: [UInt8]
  ) {
    fields = Shared(
      Fields(
        name: name, keyVersion: keyVersion, loginTime: loginTime, loginEnd: loginEnd,
        addresses: addresses, loginKey: loginKey, service: service,
        sealedTicketKey: sealedTicketKey))
  }
}
