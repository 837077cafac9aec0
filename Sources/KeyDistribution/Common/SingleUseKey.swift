internal import Cryptography
internal import SecretMemory
internal import Wire

/// An AES-256-GCM key and nonce that come out of one derivation and seal one plaintext.
struct SingleUseKey: ~Copyable {
  static let byteCount = SealingKey.byteCount + SealingKey.nonceByteCount

  private let material: SecretBytes

  /// - Parameter material: at least `byteCount` bytes: key, then nonce.
  init(_ material: consuming SecretBytes) {
    precondition(material.count >= Self.byteCount)
    self.material = material
  }

  private var key: RawSpan {
    @_lifetime(borrow self)
    borrowing get { material.bytes.extracting(first: SealingKey.byteCount) }
  }

  private var nonce: RawSpan {
    @_lifetime(borrow self)
    borrowing get { material.bytes.extracting(SealingKey.byteCount..<Self.byteCount) }
  }

  /// What comes behind the key and nonce in one derivation.
  var rest: RawSpan {
    @_lifetime(borrow self)
    borrowing get { material.bytes.extracting(droppingFirst: Self.byteCount) }
  }

  /// A message: its header, which is authenticated, and what is sealed.
  consuming func seal(_ plaintext: RawSpan, behind header: RawSpan) -> [UInt8] {
    let tagByteCount = SealingKey.tagByteCount
    var message = ByteWriter(capacity: header.byteCount + plaintext.byteCount + tagByteCount)
    message.bytes(header)
    message.bytes(plaintext)
    seal(&message, from: header.byteCount, authenticating: header)
    return message.publicBytes()
  }

  /// Seals what has been written from `start` on where it lies.
  consuming func seal(
    _ message: inout ByteWriter, from start: Int, authenticating header: RawSpan
  ) {
    message.rewrite(from: start, adding: SealingKey.tagByteCount) { text in
      SealingKey.seal(inPlace: &text, once: key, nonce: nonce, authenticating: header)
    }
  }

  borrowing func open(
    _ sealed: RawSpan, authenticating header: RawSpan
  ) throws(AuthenticationFailure) -> SecretBytes {
    try SealingKey.open(sealed, once: key, nonce: nonce, authenticating: header)
  }
}

extension ByteWriter {
  /// Writes what `body` writes, sealed where it lies: a fresh random nonce, ciphertext, tag.
  mutating func sealed(
    under key: borrowing SealingKey, authenticating context: RawSpan,
    random: inout some RandomSource, _ body: (inout ByteWriter) -> Void
  ) {
    sealed(under: key, nonce: random.fixedBytes(), authenticating: context, body)
  }

  /// The same under a nonce that was drawn before.
  mutating func sealed(
    under key: borrowing SealingKey, nonce: FixedBytes<12>, authenticating context: RawSpan,
    _ body: (inout ByteWriter) -> Void
  ) {
    bytes(nonce.bytes)
    let start = count
    body(&self)
    rewrite(from: start, adding: SealingKey.tagByteCount) { text in
      key.seal(inPlace: &text, nonce: nonce.bytes, authenticating: context)
    }
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
