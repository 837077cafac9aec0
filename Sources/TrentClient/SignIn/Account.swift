internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What a user needs to log in, once or again; only ever in memory.
struct Account: ~Copyable {
  let name: PrincipalName
  let keyVersion: UInt32
  /// The digest that the KDC has, 32 bytes.
  let digest: SecretBytes
  let identity: SigningKey
  let depositStorageKey: DepositStorageKey
  /// How long a login should last; the KDC has a ceiling.
  let lifetime: Interval
  /// How long deposits for a login may wait; nil: it takes none.
  let depositLifetime: Interval?

  /// Steps L1 to L4, with a fresh per-login key.
  borrowing func logIn(over link: inout KDCLink) throws(KDCFailure) -> Credential {
    try logIn(over: &link, depositLifetime: depositLifetime)
  }

  /// - Parameter depositLifetime: in the place of the account's.
  borrowing func logIn(
    over link: inout KDCLink, depositLifetime: Interval?
  ) throws(KDCFailure) -> Credential {
    // Deposits may come for the key after the login has ended (B1).
    let keyLifetime = depositLifetime.map { max($0, lifetime + .hours(1)) }
    var random = SystemRandom()
    var credential = try link.exchange(
      { (epoch, now) throws(ExchangeFailure) in
        try epoch.logIn(
          name, keyVersion: keyVersion, digest: digest, identity: identity,
          loginKey: AgreementKey(privateKey: random.secret(AgreementKey.byteCount)),
          lifetime: lifetime, keyLifetime: keyLifetime, at: now)
      },
      { (next: consuming ExpectLogin, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    credential.depositStorageKey = depositStorageKey.duplicate()
    link.setClock(to: credential.grantedAt)
    return credential
  }

  /// Steps R1 to R4.
  borrowing func register(
    salt: SaltReply, port: UInt16, invitation: borrowing Invitation?, over link: inout KDCLink
  ) throws(KDCFailure) {
    let time = try link.exchange(
      { (epoch, _) throws(ExchangeFailure) in
        try epoch.register(
          name, salt: salt, digest: digest, identity: identity, port: port,
          invitation: Invitation.copy(of: invitation))
      },
      { (next: consuming ExpectRegistration, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: time)
  }
}

extension Account {
  /// The same user with another secret, which is in force when this one has been changed.
  borrowing func changed(to secret: borrowing AccountSecret, identitySeed: borrowing SecretBytes)
    -> Account
  {
    Account(
      name: name, keyVersion: keyVersion &+ 1, digest: secret.digest.duplicate(),
      identity: SigningKey(seed: identitySeed), depositStorageKey: depositStorageKey.duplicate(),
      lifetime: lifetime, depositLifetime: depositLifetime)
  }

  /// Steps C1 to C3, in one request that is never sent again: what became of it is not always
  /// known.
  ///
  /// - Parameter asked: is told the KDC time in the request, before it leaves.
  borrowing func change(
    to new: borrowing EnteredSecret, over link: inout KDCLink, asked: (Timestamp) -> Void
  ) throws(KDCFailure) {
    let time = try link.exchangeOnce(
      { (epoch, now) throws(ExchangeFailure) in
        asked(now)
        return try epoch.changeSecret(
          of: name, salt: new.salt, from: digest, to: new.secret.digest, identity: identity,
          at: now)
      },
      { (next: consuming ExpectChange, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: time)
  }
}

/// A user who is logged in.
struct Login: ~Copyable {
  /// Nil when the login is one that the device keeps: to renew it takes the passphrase or key.
  private(set) var account: Account?
  var credential: Credential
  /// What the passphrase or key gave, for who asked to keep it.
  var secret: AccountSecret?

  init(
    account: consuming Account?, credential: consuming Credential,
    secret: consuming AccountSecret?
  ) {
    self.account = account
    self.credential = credential
    self.secret = secret
  }

  /// Erases digest and identity key: for who will hardly need another login. If it is needed
  /// after all, the file is read again, or the person asked.
  mutating func forgetAccount() { account = nil }
}
