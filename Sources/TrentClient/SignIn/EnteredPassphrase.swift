internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A passphrase as somebody entered it, and what Argon2id makes of it with the KDC's salt.
struct EnteredPassphrase: ~Copyable {
  let salt: SaltReply
  let secret: PassphraseSecret
  private let passphrase: SecretBytes

  /// Steps S1 to S3: asks the KDC for the salt, and hashes.
  init(
    _ passphrase: consuming SecretBytes, of name: PrincipalName, over link: inout KDCLink
  ) throws(KDCFailure) {
    let reply = try link.exchange(
      { (epoch, _) throws(ExchangeFailure) in try epoch.askForSalt(of: name) },
      { (next: consuming ExpectSalt, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: reply.time)
    let secret = try Self.hash(passphrase, reply.value)
    salt = reply.value
    self.secret = secret
    self.passphrase = passphrase
  }

  private static func hash(
    _ passphrase: borrowing SecretBytes, _ salt: SaltReply
  ) throws(KDCFailure) -> PassphraseSecret {
    do {
      return try PassphraseSecret(
        passphrase: passphrase, parameters: salt.parameters, salt: salt.salt)
    } catch {
      throw .exchange(error)
    }
  }

  /// The seed of an identity key (32 bytes), which may have been sealed with another salt; nil if
  /// the passphrase is not the one that it was sealed with.
  borrowing func open(
    _ sealed: SealedIdentity, of name: PrincipalName, in realm: Realm
  ) -> SecretBytes? {
    if sealed.parameters == secret.parameters, sealed.salt == secret.salt {
      return try? sealed.open(with: secret, name: name, realm: realm)
    }
    guard
      let other = try? PassphraseSecret(
        passphrase: passphrase, parameters: sealed.parameters, salt: sealed.salt)
    else { return nil }
    return try? sealed.open(with: other, name: name, realm: realm)
  }
}
