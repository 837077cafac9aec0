internal import Cryptography
public import Wire

/// What deposits for a receiver who is away are sealed with: the keys of its latest login that
/// takes them. Kept apart from presence, and far longer.
public struct DepositRecord: LoginRecord {
  private struct Fields: Hashable, Sendable {
    let name: PrincipalName
    let keyVersion: UInt32
    let loginTime: Timestamp
    let until: Timestamp
    let mailbox: PrincipalName?
    let loginKey: SignedLoginKey
    var sealedTicketKey: [UInt8]
  }

  private var fields: Shared<Fields>

  /// Whose deposits it opens.
  public var name: PrincipalName { fields.value.name }
  /// The key version number of the login; a record of an older one is dead.
  public var keyVersion: UInt32 { fields.value.keyVersion }
  public var loginTime: Timestamp { fields.value.loginTime }
  /// When the receiver erases the keys, and nothing may be deposited any more.
  public var until: Timestamp { fields.value.until }
  /// Where the receiver looks for deposits, if it says so.
  public var mailbox: PrincipalName? { fields.value.mailbox }
  /// The per-login key with the signature of the receiver's identity key.
  public var loginKey: SignedLoginKey { fields.value.loginKey }
  public var sealedTicketKey: [UInt8] {
    get { fields.value.sealedTicketKey }
    set { fields.change { $0.sealedTicketKey = newValue } }
  }

  /// A record, its variable parts checked by who has read them.
  public init(
    name: PrincipalName, keyVersion: UInt32, loginTime: Timestamp, until: Timestamp,
    mailbox: PrincipalName?, loginKey: SignedLoginKey, sealedTicketKey: [UInt8]
  ) {
    fields = Shared(
      Fields(
        name: name, keyVersion: keyVersion, loginTime: loginTime, until: until, mailbox: mailbox,
        loginKey: loginKey, sealedTicketKey: sealedTicketKey))
  }
}
