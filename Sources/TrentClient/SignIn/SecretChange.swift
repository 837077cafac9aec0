internal import Cryptography
internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Changes a user's passphrase, or the key in a key file. The identity key stays.
///
/// Whatever is interrupted, and wherever: what the new secret needs is on the disk before the
/// request leaves, beside what the old one needs, and logins tell which of the two is in force.
public struct SecretChange {
  private let kdc: KDCOptions
  private let options: SignInOptions
  private let newPassphrase: PassphraseSource
  private let state: StateFolder
  private let person: any Person

  /// - Parameter newPassphrase: where it comes from; a key file gets a random key instead.
  public init(
    _ kdc: KDCOptions, _ options: SignInOptions, newPassphrase: PassphraseSource,
    state: StateFolder, person: any Person
  ) {
    self.kdc = kdc
    var options = options
    // Who cannot log in has nothing to change.
    options.asks = false
    options.registers = false
    options.keepsSecret = true
    self.options = options
    self.newPassphrase = newPassphrase
    self.state = state
    self.person = person
  }

  private var name: PrincipalName { options.name }

  /// Changes it at the KDC and on this device. Blocks; when it throws, the words say which of the
  /// two secrets is in force.
  public func run() throws(ClientFailure) {
    var link = try KDCLink(to: kdc, in: state, person: person)
    do throws(KDCFailure) {
      try run(over: &link)
    } catch {
      throw error.failure(at: kdc.target)
    }
  }

  private func run(over link: inout KDCLink) throws(KDCFailure) {
    let realm = link.realm
    let present = try worded { () throws(ClientFailure) in
      try SignIn(options, in: state, realm: realm, person: person).run(over: &link)
    }
    let secret = present.secret
    guard let account = present.account, let old = secret else {
      throw .exchange(.unexpectedReply)
    }
    let material = try worded { () throws(ClientFailure) in try newMaterial() }
    let new = try EnteredSecret(material, of: name, over: &link)
    guard new.salt.keyVersion == account.keyVersion else {
      throw .client(
        ClientFailure(.other, "The \(what) has been changed from elsewhere just now. Try again."))
    }
    let newDigest = new.secret.digest.duplicate()
    let oldDigest = account.digest.duplicate()
    guard !equalInConstantTime(newDigest.bytes, oldDigest.bytes) else {
      throw .client(
        ClientFailure(.other, "The new passphrase is the present one. Nothing was changed."))
    }
    try change(account, old, to: new, over: &link)
  }

  /// What is changed, as people call it.
  private var what: String {
    switch options.secret {
    case .passphrase: "passphrase of \(name)"
    case .keyFile: "key of \(name)"
    }
  }

  private func newMaterial() throws(ClientFailure) -> SecretMaterial {
    switch options.secret {
    case .passphrase:
      guard newPassphrase == .person else {
        let new = try newPassphrase.read("new passphrase of \(name): ", person)
        try PassphraseRules.check(new, of: name)
        return .passphrase(new)
      }
      guard person.isPresent else {
        throw ClientFailure(
          .usage,
          "There is no terminal to ask for the new passphrase. Pass "
            + "--new-passphrase-file.")
      }
      return .passphrase(try PassphraseSource.new(for: name, person))
    case .keyFile(let path):
      var random = SystemRandom()
      return .key(try KeyFile(path: path).read(person).withNewKey(random: &random))
    }
  }

  // MARK: The change

  private func change(
    _ account: consuming Account, _ old: borrowing AccountSecret,
    to new: borrowing EnteredSecret, over link: inout KDCLink
  ) throws(KDCFailure) {
    let files = IdentityFiles(of: name, in: link.realm, state: state)
    // Until the end nobody else clears up here.
    let lock = try worded { () throws(ClientFailure) in try self.lock(files) }
    defer { lock.isHeldUntilHere() }
    let candidate = self.candidate(files)
    let seed = try worded { () throws(ClientFailure) in
      try write(new, files, sealedWith: old)
    }
    let changed = account.changed(to: new.secret, identitySeed: seed)
    var inquiry = ChangeInquiry(old: account, new: changed, person: person)
    switch try inquiry.run(new, over: &link) {
    case .changed:
      try worded { () throws(ClientFailure) in
        try candidate.promote(telling: person)
      }
      replaceKeptLogin(inquiry.new, over: &link)
    case .unchanged(let reason):
      try worded { () throws(ClientFailure) in try candidate.remove() }
      throw .client(
        ClientFailure(
          .kdcUnreachable, "The \(what) was NOT changed: the old one stays. \(reason)"))
    case .unknown:
      throw .client(
        ClientFailure(
          .kdcUnreachable,
          "The KDC at \(kdc.target) did not say what became of it: it is NOT KNOWN whether the "
            + "\(what) was changed. \"client login\", or this command again, will tell."))
    }
  }

  private func lock(_ files: IdentityFiles) throws(ClientFailure) -> FileLock {
    switch options.secret {
    case .passphrase: try files.lock()
    case .keyFile(let path): try KeyFile(path: path).lock()
    }
  }

  private func candidate(_ files: IdentityFiles) -> ChangeCandidate {
    switch options.secret {
    case .passphrase: files.resealed
    case .keyFile(let path): KeyFile(path: path).candidate(for: name)
    }
  }

  /// Writes the candidate.
  ///
  /// - Returns: the seed of the identity key (32 bytes).
  private func write(
    _ new: borrowing EnteredSecret, _ files: IdentityFiles, sealedWith old: borrowing AccountSecret
  ) throws(ClientFailure) -> SecretBytes {
    switch new.material {
    case .key(let key):
      guard case .keyFile(let path) = options.secret else { break }
      try KeyFile(path: path).writeCandidate(key)
    case .passphrase: break
    }
    if let seed = new.material.identitySeed() { return seed }
    guard let sealed = try files.current(),
      let seed = try? sealed.open(with: old, name: name, realm: files.realm)
    else {
      throw ClientFailure(
        .fileFailure, "\(files.path) has changed meanwhile. Nothing was changed. Try again.")
    }
    try files.writeResealed(seed: seed, with: new.secret)
    return seed
  }

  /// A kept login is of the old secret, and takes no deposits any more. Its successor does, if it
  /// did. What goes wrong here costs a login, and no more.
  private func replaceKeptLogin(_ account: borrowing Account, over link: inout KDCLink) {
    let cache = CredentialCache(
      of: name, in: link.realm.hexadecimalID, state: state, person: person)
    let depositLifetime: Interval?
    do {
      guard let former = try cache.load() else { return }
      let files = DepositKeyFiles(of: name, in: link.realm, state: state, person: person)
      let keys = DepositKeys(of: former)
      depositLifetime =
        files.hasKeys(of: keys.publicKey) ? keys.expires.since(former.grantedAt) : nil
    } catch { return }
    do {
      var credential = try account.logIn(over: &link, depositLifetime: depositLifetime)
      DepositTaking(in: state, person: person).run(&credential, for: depositLifetime, over: &link)
      try cache.save(credential)
      person.say("the login that was kept is replaced")
    } catch {
      _ = try? cache.remove()
      person.say("the login that was kept is over, and removed")
    }
  }

  private func worded<Value: ~Copyable>(
    _ body: () throws(ClientFailure) -> Value
  ) throws(KDCFailure) -> Value {
    do { return try body() } catch { throw .client(error) }
  }
}
