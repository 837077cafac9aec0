internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A passphrase or key as somebody entered it, and what it gives with the KDC's salt.
struct EnteredSecret: ~Copyable {
  let salt: SaltReply
  let secret: AccountSecret
  let material: SecretMaterial

  /// Steps S1 to S3: asks the KDC for the salt, and derives.
  init(
    _ material: consuming SecretMaterial, of name: PrincipalName, over link: inout KDCLink
  ) throws(KDCFailure) {
    let reply = try link.exchange(
      { (epoch, _) throws(ExchangeFailure) in try epoch.askForSalt(of: name) },
      { (next: consuming ExpectSalt, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: reply.time)
    let secret = try Self.derive(material, reply.value)
    salt = reply.value
    self.secret = secret
    self.material = material
  }

  private static func derive(
    _ material: borrowing SecretMaterial, _ salt: SaltReply
  ) throws(KDCFailure) -> AccountSecret {
    do {
      return try material.secret(parameters: salt.parameters, salt: salt.salt)
    } catch {
      throw .exchange(error)
    }
  }

  /// The seed of an identity key (32 bytes), which may have been sealed with another salt; nil if
  /// the passphrase is not the one that it was sealed with.
  borrowing func open(
    _ sealed: SealedIdentity, of name: PrincipalName, in realm: Realm
  ) -> SecretBytes? {
    if secret.derivation == .passphrase(sealed.parameters), sealed.salt == secret.salt {
      return try? sealed.open(with: secret, name: name, realm: realm)
    }
    guard let other = try? material.secret(parameters: sealed.parameters, salt: sealed.salt) else {
      return nil
    }
    return try? sealed.open(with: other, name: name, realm: realm)
  }
}
