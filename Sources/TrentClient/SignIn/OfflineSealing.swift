internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

extension AccountSecret {
  /// What comes out of a passphrase with a fresh salt, where no KDC is asked for one.
  init(new passphrase: borrowing SecretBytes) throws(ClientFailure) {
    var random = SystemRandom()
    do {
      try self.init(
        passphrase: passphrase, parameters: .passphrase,
        salt: random.bytes(UserRecord.saltByteCount))
    } catch {
      throw .noMemoryToHash
    }
  }
}

extension SealedIdentity {
  /// Seals a seed (32 bytes) under a passphrase, with a salt of its own.
  init(
    _ seed: borrowing SecretBytes, of files: IdentityFiles,
    underNew passphrase: borrowing SecretBytes
  ) throws(ClientFailure) {
    var random = SystemRandom()
    let secret = try AccountSecret(new: passphrase)
    self.init(
      seed: seed, secret: secret, name: files.name, realm: files.realm, random: &random)
  }

  /// The seed (32 bytes); nil unless passphrase, name and realm are those it was sealed for.
  func open(
    under passphrase: borrowing SecretBytes, of files: IdentityFiles
  ) throws(ClientFailure) -> SecretBytes? {
    let secret: AccountSecret
    do {
      secret = try AccountSecret(passphrase: passphrase, parameters: parameters, salt: salt)
    } catch {
      guard error == .unavailable else { return nil }
      throw .noMemoryToHash
    }
    return try? open(with: secret, name: files.name, realm: files.realm)
  }
}

extension ClientFailure {
  fileprivate static var noMemoryToHash: ClientFailure {
    ClientFailure(.other, "This machine has not the memory to hash a passphrase.")
  }
}
