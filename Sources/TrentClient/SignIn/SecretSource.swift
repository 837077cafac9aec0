internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Where a user has what proves who it is.
public enum SecretSource: Hashable, Sendable {
  /// What a person remembers, wherever it is written down.
  case passphrase(PassphraseSource)
  /// The path of a key file, which holds the identity key as well.
  case keyFile(String)

  /// Reads it.
  ///
  /// - Throws: also when it is a key file of another name, or for another KDC.
  func read(
    for name: PrincipalName, in realm: Realm, _ person: any Person
  ) throws(ClientFailure) -> SecretMaterial {
    switch self {
    case .passphrase(let source): return .passphrase(try source.read(for: name, person))
    case .keyFile(let path):
      let key = try KeyFile(path: path).read(person)
      let owner = KeyFileOwner(key, path: path)
      try owner.check(isNamed: name)
      try owner.check(isInRealm: realm.id)
      return .key(key)
    }
  }

  /// Whether a person types it, and may have mistyped it.
  var isTyped: Bool { self == .passphrase(.person) }

  /// The KDC has refused it for a name that may not be registered.
  func refused(for name: PrincipalName) -> ClientFailure {
    switch self {
    case .passphrase:
      ClientFailure(.authenticationRefused, "Wrong passphrase, or no such user.")
    case .keyFile(let path):
      ClientFailure(
        .authenticationRefused,
        "The KDC does not accept the key in \(path) for \(name). If \"client keygen\" was "
          + "interrupted, run it again; otherwise the key has been changed, or \(name) disabled.")
    }
  }

  /// The KDC has refused it for a name that is registered.
  func mismatch(with name: PrincipalName) -> ClientFailure {
    switch self {
    case .passphrase:
      ClientFailure(.authenticationRefused, "\(name) is taken, and this is not its passphrase.")
    case .keyFile(let path):
      ClientFailure(.authenticationRefused, "\(name) is taken, and \(path) has not its key.")
    }
  }
}

/// What was read there.
enum SecretMaterial: ~Copyable {
  case passphrase(SecretBytes)
  case key(PrincipalKey)

  /// - Parameters:
  ///   - parameters: the cost at which a passphrase is hashed.
  ///   - salt: 16 bytes.
  borrowing func secret(
    parameters: Argon2Parameters, salt: [UInt8]
  ) throws(ExchangeFailure) -> AccountSecret {
    switch self {
    case .passphrase(let passphrase):
      return try AccountSecret(passphrase: passphrase, parameters: parameters, salt: salt)
    case .key(let key): return key.secret(salt: salt)
    }
  }

  /// The seed of the identity key (32 bytes), if it comes with the secret.
  borrowing func identitySeed() -> SecretBytes? {
    switch self {
    case .passphrase: return nil
    case .key(let key): return key.identitySeed.duplicate()
    }
  }

  /// Refuses a passphrase that nobody may register with. Told before it is hashed.
  borrowing func checkRules(of name: PrincipalName) throws(ClientFailure) {
    switch self {
    case .passphrase(let passphrase):
      do throws(ClientFailure) {
        try PassphraseRules.check(passphrase, of: name)
      } catch {
        // Passphrases of before these rules go on to work.
        throw ClientFailure(
          .authenticationRefused, "\(error) If \(name) is registered, log in without --register.")
      }
    case .key: return
    }
  }

  /// Asks a person to type a passphrase once more.
  borrowing func confirm(_ person: any Person) throws(ClientFailure) {
    switch self {
    case .passphrase(let passphrase): try PassphraseSource.confirm(passphrase, person)
    case .key: return
    }
  }
}
