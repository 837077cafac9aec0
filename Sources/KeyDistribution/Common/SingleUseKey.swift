internal import Cryptography
internal import SecretMemory

/// An AES-256-GCM key and nonce that come out of one derivation and seal one plaintext.
struct SingleUseKey: ~Copyable {
  static let byteCount = SealingKey.byteCount + SealingKey.nonceByteCount

  private let key: SealingKey
  private let nonce: SecretBytes

  /// - Parameter material: at least `byteCount` bytes: key, then nonce.
  init(_ material: borrowing SecretBytes) {
    key = SealingKey(material.part(from: 0, count: SealingKey.byteCount))
    nonce = material.part(from: SealingKey.byteCount, count: SealingKey.nonceByteCount)
  }

  /// A message: its header, which is authenticated, and what is sealed.
  consuming func seal(_ plaintext: RawSpan, behind header: RawSpan) -> [UInt8] {
    key.seal(plaintext, behind: header, nonce: nonce.bytes, authenticating: header)
  }

  borrowing func open(
    _ sealed: RawSpan, authenticating header: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    try key.open(sealed, nonce: nonce.bytes, authenticating: header)
  }
}

extension SealingKey {
  /// Seals under a fresh random nonce, which goes in front: nonce, ciphertext, tag.
  func sealWithNonce(
    _ plaintext: RawSpan, authenticating context: RawSpan, random: inout some RandomSource
  ) -> [UInt8] {
    let nonce = random.bytes(Self.nonceByteCount)
    return seal(plaintext, behind: nonce.bytes, nonce: nonce.bytes, authenticating: context)
  }

  /// Opens what `sealWithNonce` sealed.
  func openWithNonce(
    _ sealed: RawSpan, authenticating context: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    guard sealed.byteCount >= Self.nonceByteCount + Self.tagByteCount else {
      throw AuthenticationFailure()
    }
    return try open(
      sealed.extracting(droppingFirst: Self.nonceByteCount),
      nonce: sealed.extracting(first: Self.nonceByteCount), authenticating: context)
  }
}
