import Cryptography
import SecretMemory
import Testing

struct EpochKeyTests {
  static let seed = [UInt8](repeating: 8, count: EpochKey.seedByteCount)
  static let info = Array("info".utf8)
  static let data = Array("data".utf8)
  static let context = Array("context".utf8)

  @Test func publicKeyIsAsPublished() throws {
    let key = try EpochKey(seed: secret(XWingVector.seed))
    #expect(key.publicKey.bytes.count == EpochPublicKey.byteCount)
    let publicKey = key.publicKey.bytes
    #expect(SHA256.hash(publicKey.bytes) == XWingVector.publicKeyHash)
  }

  /// The published encapsulation, with RFC 9180's key schedule (section 5.1) written out here.
  @Test func opensAPublishedEncapsulation() throws {
    func labeled(_ label: String, _ input: [UInt8]) -> [UInt8] {
      Array("HPKE-v1".utf8) + suite + Array(label.utf8) + input
    }
    func extract(_ salt: [UInt8], _ label: String, _ input: [UInt8]) -> [UInt8] {
      let key = HKDF.extract(salt: salt.bytes, inputKeyMaterial: labeled(label, input).bytes)
      return [UInt8](key.bytes)
    }
    func expand(_ key: [UInt8], _ label: String, _ info: [UInt8], _ count: Int) -> SecretBytes {
      let info = [0, UInt8(count)] + labeled(label, info)
      return HKDF.expand(key.bytes, info: info.bytes, count: count)
    }
    let suite = Array("HPKE".utf8) + hex("647a 0001 0002")
    let schedule = [0] + extract([], "psk_id_hash", []) + extract([], "info_hash", Self.info)
    let root = extract(XWingVector.sharedSecret, "secret", [])
    let key = SealingKey(expand(root, "key", schedule, 32))
    let nonce = expand(root, "base_nonce", schedule, 12)
    let exporter = expand(root, "exp", schedule, 32)
    let exported = expand([UInt8](exporter.bytes), "sec", Self.context, 32)
    let message = Array("published".utf8)
    let ciphertext = key.seal(
      message.bytes, nonce: nonce.bytes, authenticating: Self.data.bytes)

    let encapsulatedKey = XWingVector.encapsulatedKey
    let opened = try EpochKey(seed: secret(XWingVector.seed)).open(
      ciphertext.bytes, encapsulatedKey: encapsulatedKey.bytes,
      info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    #expect([UInt8](opened.plaintext.bytes) == message)
    #expect([UInt8](opened.exported.bytes) == [UInt8](exported.bytes))
  }

  @Test func theSeedDeterminesTheKey() throws {
    let first = try EpochKey(seed: secret(Self.seed))
    let second = try EpochKey(seed: secret(Self.seed))
    let other = try EpochKey(seed: secret([UInt8](repeating: 9, count: 32)))
    #expect(first.publicKey == second.publicKey)
    #expect(first.publicKey != other.publicKey)
    #expect(EpochPublicKey(first.publicKey.bytes) == first.publicKey)
  }

  @Test(arguments: [0, 31, 33])
  func aSeedOfAnotherLengthIsRefused(_ count: Int) {
    let error = failure { () throws(SealingFailure) in
      _ = try EpochKey(seed: secret([UInt8](repeating: 8, count: count)))
    }
    #expect(error == SealingFailure())
  }

  @Test(arguments: [0, 1215, 1217])
  func aKeyOfAnotherLengthIsNone(_ count: Int) {
    #expect(EpochPublicKey([UInt8](repeating: 1, count: count)) == nil)
  }

  /// Coefficients of 4095 are beyond ML-KEM's prime (FIPS 203, section 7.2): nothing is sealed.
  @Test func aKeyThatIsNoneSealsNothing() throws {
    let bytes = [UInt8](repeating: 0xff, count: EpochPublicKey.byteCount)
    let key = try #require(EpochPublicKey(bytes))
    let error = failure { () throws(SealingFailure) in
      _ = try key.seal(
        RawSpan(), info: RawSpan(), authenticating: RawSpan(), exporterContext: RawSpan())
    }
    #expect(error == SealingFailure())
  }

  @Test(arguments: [0, 1, 14, 15, 1000])
  func bothSidesHaveTheMessageAndTheExportedSecret(_ count: Int) throws {
    let key = try EpochKey(seed: secret(Self.seed))
    let message = [UInt8](repeating: 7, count: count)
    let sealed = try key.publicKey.seal(
      message.bytes, info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    let again = try key.publicKey.seal(
      message.bytes, info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    #expect(sealed.encapsulatedKey.count == EpochKey.encapsulatedKeyByteCount)
    #expect(sealed.ciphertext.count == count + 16)
    #expect(sealed.exported.count == EpochKey.exportedByteCount)
    #expect(sealed.encapsulatedKey != again.encapsulatedKey)
    #expect([UInt8](sealed.exported.bytes) != [UInt8](again.exported.bytes))
    let opened = try key.open(
      sealed.ciphertext.bytes, encapsulatedKey: sealed.encapsulatedKey.bytes,
      info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    #expect([UInt8](opened.plaintext.bytes) == message)
    #expect([UInt8](opened.exported.bytes) == [UInt8](sealed.exported.bytes))
  }

  @Test func theExportedSecretHasOnePurpose() throws {
    let key = try EpochKey(seed: secret(Self.seed))
    let sealed = try key.publicKey.seal(
      RawSpan(), info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    let opened = try key.open(
      sealed.ciphertext.bytes, encapsulatedKey: sealed.encapsulatedKey.bytes,
      info: Self.info.bytes, authenticating: Self.data.bytes, exporterContext: RawSpan())
    #expect([UInt8](opened.exported.bytes) != [UInt8](sealed.exported.bytes))
  }

  @Test func everyChangeIsRefused() throws {
    let key = try EpochKey(seed: secret(Self.seed))
    let sealed = try key.publicKey.seal(
      Array("message".utf8).bytes, info: Self.info.bytes, authenticating: Self.data.bytes,
      exporterContext: Self.context.bytes)
    let (ciphertext, encapsulatedKey) = (sealed.ciphertext, sealed.encapsulatedKey)
    func isRefused(
      _ key: EpochKey, _ ciphertext: [UInt8], _ encapsulatedKey: [UInt8],
      info: [UInt8] = Self.info, data: [UInt8] = Self.data
    ) -> Bool {
      failure { () throws(AuthenticationFailure) in
        _ = try key.open(
          ciphertext.bytes, encapsulatedKey: encapsulatedKey.bytes, info: info.bytes,
          authenticating: data.bytes, exporterContext: Self.context.bytes)
      } != nil
    }
    #expect(!isRefused(key, ciphertext, encapsulatedKey))
    for wrong in bitFlips(of: ciphertext) { #expect(isRefused(key, wrong, encapsulatedKey)) }
    for wrong in bitFlips(of: Self.info) {
      #expect(isRefused(key, ciphertext, encapsulatedKey, info: wrong))
    }
    for wrong in bitFlips(of: Self.data) {
      #expect(isRefused(key, ciphertext, encapsulatedKey, data: wrong))
    }
    for index in encapsulatedKey.indices {
      var wrong = encapsulatedKey
      wrong[index] ^= 1
      #expect(isRefused(key, ciphertext, wrong), "byte \(index)")
    }
    for count in 0..<ciphertext.count {
      #expect(isRefused(key, Array(ciphertext.prefix(count)), encapsulatedKey))
    }
    for count in [0, 1, 1119, 1121] {
      #expect(isRefused(key, ciphertext, [UInt8]((encapsulatedKey + [0]).prefix(count))))
    }
    let other = try EpochKey(seed: secret([UInt8](repeating: 9, count: 32)))
    #expect(isRefused(other, ciphertext, encapsulatedKey))
  }

  /// The X25519 part of an encapsulated key may be a point of low order.
  @Test func aLowOrderEncapsulationIsRefused() throws {
    let key = try EpochKey(seed: secret(Self.seed))
    let error = failure { () throws(AuthenticationFailure) in
      _ = try key.open(
        [UInt8](repeating: 0, count: 32).bytes,
        encapsulatedKey: [UInt8](repeating: 0, count: EpochKey.encapsulatedKeyByteCount).bytes,
        info: RawSpan(), authenticating: RawSpan(), exporterContext: RawSpan())
    }
    #expect(error == AuthenticationFailure())
  }
}

/// A message sealed in one go.
private struct SealedMessage: ~Copyable {
  let encapsulatedKey: [UInt8]
  let ciphertext: [UInt8]
  let exported: SecretBytes
}

extension EpochPublicKey {
  fileprivate func seal(
    _ plaintext: RawSpan, info: RawSpan, authenticating: RawSpan, exporterContext: RawSpan
  ) throws(SealingFailure) -> SealedMessage {
    var sender = try EpochSender(to: self, info: info, exporterContext: exporterContext)
    let ciphertext = try sender.seal(plaintext, authenticating: authenticating)
    return SealedMessage(
      encapsulatedKey: sender.encapsulatedKey, ciphertext: ciphertext,
      exported: sender.exported.duplicate())
  }
}
