internal import Cryptography
internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
public import Wire

/// Who signs in, and whether it may register on the way.
public struct SignInOptions: Sendable {
  /// Who signs in.
  public var name: PrincipalName
  /// What proves it.
  public var secret: SecretSource
  /// Whether to register the name without a question when the KDC refuses the login.
  public var registers: Bool
  /// Where the user listens when it says nothing else: what a registration tells the KDC.
  public var port: UInt16
  /// How long the login should last; the KDC has a ceiling.
  public var lifetime = Interval.hours(10)
  /// The passphrase that the identity key on this device may still be sealed under, when the
  /// present one was set elsewhere. Without it a person is asked.
  public var former: PassphraseSource?
  /// How long deposits for this login may wait; nil: it takes none.
  public var depositLifetime: Interval?
  /// For who takes deposits and says no other time.
  public static let usualDepositLifetime = Interval.days(30)
  /// Longer ones are not accepted by peers (U4).
  public static let depositLifetimes = Interval.days(1)...Interval.days(32)
  /// What the operator has handed out; with it the name is registered without a question.
  public var invitation: InvitationSource?
  /// Whether a person may be asked to register, or for a former passphrase.
  var asks = true
  /// Whether what the passphrase or key gave is needed after the login, for an encrypted copy.
  var keepsSecret = false

  /// What has to be said; the rest is as usual.
  public init(
    name: PrincipalName, secret: SecretSource, registers: Bool = false, port: UInt16 = 60000
  ) {
    self.name = name
    self.secret = secret
    self.registers = registers
    self.port = port
  }
}

/// Logs in, or registers a free name and then logs in.
///
/// The KDC decides who is refused: a passphrase that does not open the identity key on this device
/// is sent to it like any other.
struct SignIn {
  let options: SignInOptions
  let person: any Person
  let files: IdentityFiles

  private var name: PrincipalName { options.name }

  init(_ options: SignInOptions, in state: StateFolder, realm: Realm, person: any Person) {
    self.options = options
    self.person = person
    files = IdentityFiles(of: options.name, in: realm, state: state)
  }

  func run(over link: inout KDCLink) throws(ClientFailure) -> Login {
    let target = link.target
    let realm = link.realm
    do throws(KDCFailure) {
      let pending = try worded { () throws(ClientFailure) in
        try PendingKeyFile.find(beside: options.secret, of: name)
      }
      let material = try worded { () throws(ClientFailure) in
        try options.secret.read(for: name, in: realm, person)
      }
      if options.registers {
        try worded { () throws(ClientFailure) in try material.checkRules(of: name) }
      }
      let entered = try EnteredSecret(material, of: name, over: &link)
      var refusal = options.secret.refused(for: name)
      if let login = try logIn(entered, over: &link, refusal: &refusal) {
        try worded { () throws(ClientFailure) in
          try pending?.settle(isChanged: false, telling: person)
        }
        return login
      }
      switch pending {
      case .some(let pending):
        if let login = try logIn(with: pending, over: &link, refusal: &refusal) { return login }
      case .none: break
      }
      return try register(afterRefusalOf: entered, refusal, over: &link)
    } catch {
      throw error.failure(at: target)
    }
  }

  // MARK: Logging in

  /// - Parameter refusal: gets the words for what the KDC refuses.
  /// - Returns: nil when the KDC refuses.
  private func logIn(
    _ entered: borrowing EnteredSecret, over link: inout KDCLink, refusal: inout ClientFailure
  ) throws(KDCFailure) -> Login? {
    let identity = try worded { () throws(ClientFailure) in
      try DeviceIdentity(for: entered, files)
    }
    do throws(KDCFailure) {
      return try logIn(entered, identity, over: &link)
    } catch {
      switch error {
      case .exchange(.refused):
        identity.discard(files)
        if let hint = identity.refusalHint(files) {
          refusal = ClientFailure(.authenticationRefused, "\(refusal) \(hint)")
        }
        return nil
      case .exchange(.identityKeyDiffers) where identity.isSealedOtherwise:
        return try logIn(entered, reopening: identity, over: &link)
      case .exchange(.identityKeyDiffers):
        identity.discard(files)
        throw .client(identity.differs(files))
      default: throw error
      }
    }
  }

  private func logIn(
    _ entered: borrowing EnteredSecret, _ identity: borrowing DeviceIdentity,
    over link: inout KDCLink
  ) throws(KDCFailure) -> Login {
    let account = account(entered, identity)
    let credential = try account.logIn(over: &link)
    try worded { () throws(ClientFailure) in
      try identity.keep(entered, files, telling: person)
    }
    return login(account, credential, entered)
  }

  /// The passphrase was changed on another device: here the identity key is still sealed under a
  /// former one.
  private func logIn(
    _ entered: borrowing EnteredSecret, reopening sealed: consuming DeviceIdentity,
    over link: inout KDCLink
  ) throws(KDCFailure) -> Login {
    let differs = sealed.differs(files)
    let former = try worded { () throws(ClientFailure) in
      let source = options.former ?? .person
      guard options.former != nil || options.asks && person.isPresent else { throw differs }
      person.say(
        "the passphrase is right, but on this device the identity key of \(name) may be sealed "
          + "under a former one")
      return try source.read("former passphrase of \(name): ", person)
    }
    let reopened: DeviceIdentity?
    do { reopened = try sealed.reopened(under: former, files) } catch { throw .client(error) }
    guard let identity = reopened else {
      throw .client(
        ClientFailure(
          .authenticationRefused,
          "The former passphrase does not open \(files.path) either. Nothing was changed."))
    }
    do throws(KDCFailure) {
      return try logIn(entered, identity, over: &link)
    } catch {
      guard case .exchange(.identityKeyDiffers) = error else { throw error }
      throw .client(identity.differs(files))
    }
  }

  /// A change of the key was interrupted: the new one may be in force.
  ///
  /// - Returns: nil when the KDC refuses that one, too.
  private func logIn(
    with pending: borrowing PendingKeyFile, over link: inout KDCLink, refusal: inout ClientFailure
  ) throws(KDCFailure) -> Login? {
    let key = try worded { () throws(ClientFailure) in try pending.read(person) }
    let entered = try EnteredSecret(.key(key), of: name, over: &link)
    guard let login = try logIn(entered, over: &link, refusal: &refusal) else { return nil }
    try worded { () throws(ClientFailure) in
      try pending.settle(isChanged: true, telling: person)
    }
    return login
  }

  private func login(
    _ account: consuming Account, _ credential: consuming Credential,
    _ entered: borrowing EnteredSecret
  ) -> Login {
    Login(
      account: account, credential: credential,
      secret: options.keepsSecret ? entered.secret.duplicate() : nil)
  }

  private func account(
    _ entered: borrowing EnteredSecret, _ identity: borrowing DeviceIdentity
  ) -> Account {
    Account(
      name: name, keyVersion: entered.salt.keyVersion,
      digest: entered.secret.digest.duplicate(), identity: SigningKey(seed: identity.seed),
      depositStorageKey: DepositStorageKey(
        identitySeed: identity.seed, name: name, realm: files.realm),
      lifetime: options.lifetime, depositLifetime: options.depositLifetime)
  }

  // MARK: Registering

  private func register(
    afterRefusalOf entered: borrowing EnteredSecret, _ refusal: ClientFailure,
    over link: inout KDCLink
  ) throws(KDCFailure) -> Login {
    if options.registers {
      if options.secret.isTyped {
        do throws(ClientFailure) {
          try entered.material.confirm(person)
        } catch {
          throw .client(error)
        }
      }
      return try register(entered, over: &link)
    }
    let new = try worded { () throws(ClientFailure) in try newPassphrase(refusal) }
    return try register(
      try EnteredSecret(.passphrase(new), of: name, over: &link), over: &link)
  }

  /// What a person wants to register with whose passphrase the KDC has refused.
  private func newPassphrase(_ refused: ClientFailure) throws(ClientFailure) -> SecretBytes {
    guard case .passphrase = options.secret, options.asks else { throw refused }
    guard person.isPresent else {
      throw ClientFailure(
        .authenticationRefused, "\(refused) To register \(name), pass --register.")
    }
    let question = "wrong passphrase, or no such user: register \(name)? [y/N]"
    guard try person.agrees(to: question) else { throw refused }
    return try PassphraseSource.new(for: name, person)
  }

  /// Registers, then logs in whether or not the name was free: it is taken too when the answer to
  /// an earlier registration with the same key and passphrase has been lost.
  private func register(
    _ entered: borrowing EnteredSecret, over link: inout KDCLink
  ) throws(KDCFailure) -> Login {
    let identity = try worded { () throws(ClientFailure) in
      try DeviceIdentity(registering: entered, files)
    }
    let account = account(entered, identity)
    do throws(KDCFailure) {
      try register(account, salt: entered.salt, over: &link)
      person.say("registered \(name)")
    } catch {
      guard case .exchange(.nameTaken) = error else { throw error }
    }
    do throws(KDCFailure) {
      let credential = try account.logIn(over: &link)
      try worded { () throws(ClientFailure) in
        try identity.keep(entered, files, telling: person)
      }
      return self.login(account, credential, entered)
    } catch {
      switch error {
      case .exchange(.refused):
        identity.discard(files)
        throw .client(options.secret.mismatch(with: name))
      case .exchange(.identityKeyDiffers):
        identity.discard(files)
        throw .client(identity.differs(files))
      default: throw error
      }
    }
  }

  /// With the invitation that there is, or with one that the person is asked for.
  private func register(
    _ account: borrowing Account, salt: SaltReply, over link: inout KDCLink
  ) throws(KDCFailure) {
    var invitation = try worded { () throws(ClientFailure) in
      try options.invitation?.read(person)
    }
    do throws(KDCFailure) {
      try account.register(
        salt: salt, port: options.port, invitation: invitation, over: &link)
    } catch {
      guard case .exchange(.notInvited) = error, options.invitation == nil, options.asks,
        person.isPresent
      else { throw error }
      person.say("this KDC registers nobody without an invitation of its operator")
      invitation = try worded { () throws(ClientFailure) in
        try InvitationSource.person.read(person)
      }
      try account.register(
        salt: salt, port: options.port, invitation: invitation, over: &link)
    }
  }

  private func worded<Value: ~Copyable>(
    _ body: () throws(ClientFailure) -> Value
  ) throws(KDCFailure) -> Value {
    do { return try body() } catch { throw .client(error) }
  }
}
