internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Gets a program its login: the one that `client login` keeps, without a question and without a
/// connection, or by signing in.
///
/// Who names a passphrase file or a key file, or wants to register, means to sign in.
struct SignOn {
  private let kdc: KDCOptions
  private let options: SignInOptions
  private let state: StateFolder
  private let person: any Person
  /// Where other threads find what takes the place of their copy, and put what does.
  private let shared: SharedLogin?

  init(
    _ kdc: KDCOptions, _ options: SignInOptions, in state: StateFolder, person: any Person,
    sharing shared: SharedLogin? = nil
  ) {
    self.kdc = kdc
    self.options = options
    self.state = state
    self.person = person
    self.shared = shared
  }

  /// For a copy of a login on another thread: nobody is asked, and nothing is read to sign in with,
  /// since a login that is over is renewed by whoever has it.
  static func ofCopy(
    _ kdc: KDCOptions, _ options: SignInOptions, in state: StateFolder, person: any Person,
    sharing shared: SharedLogin? = nil
  ) -> SignOn {
    var options = options
    options.secret = .passphrase(.person)
    return SignOn(kdc, options, in: state, person: QuietPerson(person), sharing: shared)
  }

  /// A login, and the way to the KDC that it is at.
  struct Start: ~Copyable {
    var link: KDCLink
    var login: Login
  }

  /// A copy of a login, with a way to the KDC of its own, for another thread. It has nothing of the
  /// passphrase or key.
  func copy(of login: borrowing Credential) throws(ClientFailure) -> Start {
    var kdc = kdc
    // Whoever has the login has compared it with the pin.
    kdc.expected = nil
    let encoded = CachedCredential.encode(login)
    guard let credential = try? CachedCredential.decode(encoded.bytes) else {
      throw ClientFailure(.other, "The login of \(options.name) cannot be copied.")
    }
    switch try KDCLink(toPinned: kdc, in: state, person: person) {
    case .some(let link):
      return Start(link: link, login: Login(account: nil, credential: credential, secret: nil))
    case .none: throw ClientFailure(.other, "The KDC at \(kdc.target) is not known any more.")
    }
  }

  func begin() throws(ClientFailure) -> Start {
    if let start = try keptLogin() { return start }
    var link = try KDCLink(to: kdc, in: state, person: person)
    let login = try signIn(over: &link)
    return Start(link: link, login: login)
  }

  private func signIn(over link: inout KDCLink) throws(ClientFailure) -> Login {
    var login = try SignIn(options, in: state, realm: link.realm, person: person).run(over: &link)
    finish(&login.credential, over: &link)
    return login
  }

  /// A fresh login takes deposits if it shall, and is there for other threads. From here on the KDC
  /// is asked by datagrams.
  private func finish(_ credential: inout Credential, over link: inout KDCLink) {
    DepositTaking(in: state, person: person).run(
      &credential, for: options.depositLifetime, over: &link)
    shared?.put(credential)
    link.disconnect()
  }

  // MARK: The login that is kept

  private func cache(in realm: Realm) -> CredentialCache {
    CredentialCache(of: options.name, in: realm.hexadecimalID, state: state, person: person)
  }

  private func keptLogin() throws(ClientFailure) -> Start? {
    guard options.secret.isTyped, !options.registers else { return nil }
    let link: KDCLink
    switch try KDCLink(toPinned: kdc, in: state, person: person) {
    case .some(let pinned): link = pinned
    case .none: return nil
    }
    let cache = cache(in: link.realm)
    guard var credential = try cache.load() else { return nil }
    credential.adopt(link.realm)
    guard credential.end > link.clock.now + CredentialCache.reserve else {
      if credential.end <= link.clock.now { try cache.remove(credential) }
      return nil
    }
    DepositKeyFiles(of: options.name, in: link.realm, state: state, person: person)
      .eraseExpired(by: link.clock)
    let secret = try secretForCopies(in: link.realm)
    person.explain("logged in already as \(options.name)")
    return Start(
      link: link, login: Login(account: nil, credential: credential, secret: secret))
  }

  /// A login that is kept has nothing of the passphrase, under which an encrypted copy is sealed.
  /// So it is asked for, and compared with the identity key that is sealed on this device.
  private func secretForCopies(in realm: Realm) throws(ClientFailure) -> AccountSecret? {
    guard options.keepsSecret else { return nil }
    let files = IdentityFiles(of: options.name, in: realm, state: state)
    guard let sealed = try files.current() else {
      throw ClientFailure(
        .fileFailure,
        "An encrypted copy (-s) needs the identity key of \(options.name), but \(files.path) is "
          + "not there. If \(options.name) has a key file, pass --key-file.")
    }
    guard person.isPresent else {
      throw ClientFailure(
        .usage,
        "An encrypted copy (-s) is sealed under the passphrase, which \"client login\" does not "
          + "keep, and there is no terminal to ask for it. Pass --passphrase-file.")
    }
    let material = try options.secret.read(for: options.name, in: realm, person)
    let secret: AccountSecret
    do {
      secret = try material.secret(parameters: sealed.parameters, salt: sealed.salt)
    } catch {
      throw KDCFailure.exchange(error).failure(at: kdc.target)
    }
    do {
      _ = try sealed.open(with: secret, name: options.name, realm: realm)
    } catch {
      throw ClientFailure(.authenticationRefused, "Wrong passphrase.")
    }
    return secret
  }

  /// A login that has been kept since `login`; nil if there is none that lasts.
  private func newerLogin(
    than login: borrowing Credential, at now: Timestamp
  ) throws(ClientFailure) -> Credential? {
    if let found = shared?.newer(than: login, at: now) { return found }
    let former = login.grantedAt
    switch try cache(in: login.realm).load() {
    case .some(let found)
    where found.grantedAt > former && found.end > now + CredentialCache.reserve:
      return found
    default: return nil
    }
  }

  // MARK: Another login

  /// Renews a login that will end soon, if that takes no passphrase.
  func renew(_ login: inout Login, over link: inout KDCLink) throws(KDCFailure) {
    guard let credential = try renewed(login, over: &link) else { return }
    login.credential = credential
    person.explain("logged in again as \(options.name)")
  }

  private func renewed(
    _ login: borrowing Login, over link: inout KDCLink
  ) throws(KDCFailure) -> Credential? {
    switch login.account {
    case .some(let account):
      do throws(KDCFailure) {
        var credential = try account.logIn(over: &link)
        finish(&credential, over: &link)
        return credential
      } catch {
        // The secret was changed since: this account is of no more use than a kept login.
        guard case .exchange(.refused) = error else { throw error }
      }
    case .none: break
    }
    do {
      return try newerLogin(than: login.credential, at: link.clock.now)
    } catch {
      throw .client(error)
    }
  }

  /// Gets another login in the place of one that the KDC does not accept any more.
  ///
  /// - Parameters:
  ///   - failure: what the KDC said. It is thrown again when it says something else.
  ///   - asking: whether to ask the person for the passphrase, if need be.
  func recover(
    _ login: inout Login, from failure: KDCFailure, over link: inout KDCLink, asking: Bool
  ) throws(KDCFailure) {
    switch failure {
    case .exchange(.loginOver): try forget(login)
    // Anybody on the way can say so: reason to log in again, but not to remove anything.
    case .exchange(.failed(.ticketNotAccepted)): break
    default: throw failure
    }
    if let credential = try renewed(login, over: &link) {
      login.credential = credential
      person.explain("logged in again as \(options.name)")
      return
    }
    do throws(ClientFailure) {
      person.say("the login of \(options.name) is over")
      login = try signInAnew(asking: asking, over: &link)
    } catch {
      throw .client(error)
    }
  }

  /// By what a file says now, or a person, who is not asked when senders wait.
  private func signInAnew(
    asking: Bool, over link: inout KDCLink
  ) throws(ClientFailure) -> Login {
    switch options.secret {
    case .keyFile, .passphrase(.file):
      var options = options
      options.asks = false
      options.registers = false
      var login = try SignIn(options, in: state, realm: link.realm, person: person).run(over: &link)
      finish(&login.credential, over: &link)
      return login
    case .passphrase(.person) where asking && person.isPresent: return try signIn(over: &link)
    case .passphrase: throw over
    }
  }

  /// Asks the KDC with the login that there is, and when that is over, with another one.
  func withLogin<Answer>(
    _ start: inout SignOn.Start,
    _ body: (inout Credential, inout KDCLink) throws(KDCFailure) -> Answer
  ) throws(KDCFailure) -> Answer {
    do throws(KDCFailure) {
      return try body(&start.login.credential, &start.link)
    } catch {
      try recover(&start.login, from: error, over: &start.link, asking: true)
      return try body(&start.login.credential, &start.link)
    }
  }

  private func forget(_ login: borrowing Login) throws(KDCFailure) {
    switch login.account {
    case .some: return
    case .none: break
    }
    do {
      try cache(in: login.credential.realm).remove(login.credential)
    } catch {
      throw .client(error)
    }
  }

  private var over: ClientFailure {
    ClientFailure(
      .authenticationRefused,
      "The login of \(options.name) is over. Log in again: client login -n \(options.name) "
        + kdc.target.options)
  }
}
