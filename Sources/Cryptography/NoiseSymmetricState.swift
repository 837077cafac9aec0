internal import SecretMemory

/// The keys and the transcript of a handshake so far (Noise revision 34, section 5.2).
struct NoiseSymmetricState: ~Copyable {
  private var chainingKey: SecretBytes
  private var cipher: NoiseCipher?
  /// The hash of everything both sides have seen, 32 bytes.
  private(set) var hash: [UInt8]

  init(protocolName: String) {
    let name = Array(protocolName.utf8)
    let hash =
      name.count <= SHA256.byteCount
      ? name + [UInt8](repeating: 0, count: SHA256.byteCount - name.count)
      : SHA256.hash(name.bytes)
    chainingKey = SecretBytes(copying: hash.bytes)
    self.hash = hash
  }

  mutating func mixHash(_ bytes: RawSpan) {
    hash = SHA256.hash((hash + [UInt8](bytes)).bytes)
  }

  mutating func mixKey(_ inputKeyMaterial: RawSpan) {
    let output = hkdf(inputKeyMaterial, outputs: 2)
    chainingKey = output.part(from: 0, count: 32)
    cipher = NoiseCipher(key: output.bytes.extracting(32..<64))
  }

  mutating func mixKeyAndHash(_ inputKeyMaterial: RawSpan) {
    let output = hkdf(inputKeyMaterial, outputs: 3)
    chainingKey = output.part(from: 0, count: 32)
    mixHash(output.bytes.extracting(32..<64))
    cipher = NoiseCipher(key: output.bytes.extracting(64..<96))
  }

  /// By how many bytes the next sealed field is longer: none before there is a key.
  var tagByteCount: Int { cipher == nil ? 0 : GCMContext.tagByteCount }

  mutating func encryptAndHash(_ plaintext: RawSpan) throws(NoiseFailure) -> [UInt8] {
    let transcript = hash
    let ciphertext =
      try cipher?.seal(plaintext, authenticating: transcript.bytes) ?? [UInt8](plaintext)
    mixHash(ciphertext.bytes)
    return ciphertext
  }

  mutating func decryptAndHash(_ ciphertext: RawSpan) throws(NoiseFailure) -> SecretBytes {
    let transcript = hash
    let plaintext =
      try cipher?.open(ciphertext, authenticating: transcript.bytes)
      ?? SecretBytes(copying: ciphertext)
    mixHash(ciphertext)
    return plaintext
  }

  /// The ciphers for the initiator's and for the responder's messages.
  consuming func split(_ role: NoiseRole) -> NoiseTransport {
    let output = hkdf(RawSpan(), outputs: 2)
    let fromInitiator = NoiseCipher(key: output.bytes.extracting(0..<32))
    let fromResponder = NoiseCipher(key: output.bytes.extracting(32..<64))
    return switch role {
    case .initiator:
      NoiseTransport(sending: fromInitiator, receiving: fromResponder, handshakeHash: hash)
    case .responder:
      NoiseTransport(sending: fromResponder, receiving: fromInitiator, handshakeHash: hash)
    }
  }

  /// Section 4.3's HKDF is RFC 5869's with an empty info; `outputs` of 32 bytes each.
  private func hkdf(_ inputKeyMaterial: RawSpan, outputs: Int) -> SecretBytes {
    HKDF.derive(
      inputKeyMaterial, salt: chainingKey.bytes, info: RawSpan(), count: outputs * 32)
  }
}
