internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) under one key: nonces of 12 bytes, tags of 16.
///
/// Not for two threads at once: a `SealingKey`, which may be shared, makes one for each call.
/// libcrypto erases the expanded key when the context is freed.
@safe
struct GCMContext: ~Copyable, @unchecked Sendable {
  static let keyByteCount = 32
  static let nonceByteCount = 12
  static let tagByteCount = 16

  private let context: OpaquePointer

  init(key: RawSpan) {
    precondition(key.byteCount == Self.keyByteCount)
    unsafe context = LibCrypto.allocated(EVP_CIPHER_CTX_new())
    unsafe key.withAddress { address, _ in
      unsafe LibCrypto.succeed(
        EVP_EncryptInit_ex2(context, LibCrypto.aes256GCM, address, nil, nil))
    }
  }

  deinit { unsafe EVP_CIPHER_CTX_free(context) }

  /// Writes ciphertext and tag to `output`, 16 bytes longer than `plaintext`, which it may overlay.
  @unsafe
  func seal(
    _ plaintext: UnsafeRawBufferPointer, nonce: RawSpan, authenticating: RawSpan,
    into output: UnsafeMutableRawBufferPointer
  ) {
    precondition(nonce.byteCount == Self.nonceByteCount)
    precondition(output.count - Self.tagByteCount == plaintext.count)
    unsafe nonce.withAddress { address, _ in
      unsafe LibCrypto.succeed(EVP_EncryptInit_ex2(context, nil, nil, address, nil))
    }
    var written: CInt = 0
    unsafe authenticating.withAddress { address, count in
      unsafe LibCrypto.succeed(EVP_EncryptUpdate(context, nil, &written, address, CInt(count)))
    }
    let text = unsafe output.assumingMemoryBound(to: UInt8.self).baseAddress
    unsafe LibCrypto.succeed(
      EVP_EncryptUpdate(
        context, text, &written, plaintext.assumingMemoryBound(to: UInt8.self).baseAddress,
        CInt(plaintext.count)))
    let tag = unsafe text?.advanced(by: plaintext.count)
    unsafe LibCrypto.succeed(EVP_EncryptFinal_ex(context, tag, &written))
    unsafe LibCrypto.succeed(
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CInt(Self.tagByteCount), tag))
  }

  /// Writes the plaintext to `output`, 16 bytes shorter than `sealed`, which it may overlay. When
  /// the tag is wrong, `output` holds zeros and the result is false.
  @unsafe
  func open(
    _ sealed: UnsafeRawBufferPointer, nonce: RawSpan, authenticating: RawSpan,
    into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    precondition(nonce.byteCount == Self.nonceByteCount)
    precondition(sealed.count - Self.tagByteCount == output.count)
    unsafe nonce.withAddress { address, _ in
      unsafe LibCrypto.succeed(EVP_DecryptInit_ex2(context, nil, nil, address, nil))
    }
    var written: CInt = 0
    unsafe authenticating.withAddress { address, count in
      unsafe LibCrypto.succeed(EVP_DecryptUpdate(context, nil, &written, address, CInt(count)))
    }
    let input = unsafe sealed.assumingMemoryBound(to: UInt8.self).baseAddress
    let text = unsafe output.assumingMemoryBound(to: UInt8.self).baseAddress
    unsafe LibCrypto.succeed(
      EVP_DecryptUpdate(context, text, &written, input, CInt(output.count)))
    let tag = unsafe UnsafeMutablePointer(mutating: input?.advanced(by: output.count))
    unsafe LibCrypto.succeed(
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CInt(Self.tagByteCount), tag))
    // Nothing is left to write at the end of a stream cipher, but libcrypto wants an address.
    var nothing: UInt8 = 0
    guard unsafe EVP_DecryptFinal_ex(context, &nothing, &written) == 1 else {
      unsafe OPENSSL_cleanse(output.baseAddress, output.count)
      return false
    }
    return true
  }
}
