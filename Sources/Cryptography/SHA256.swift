internal import COpenSSL
internal import SecretMemory

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
  /// The length of a hash, in bytes.
  public static let byteCount = 32

  /// The hash of `message`, 32 bytes.
  public static func hash(_ message: RawSpan) -> [UInt8] {
    let hash = inlineHash(message)
    return unsafe [UInt8](hash.span.bytes)
  }

  /// The same without memory of its own, for who hashes millions.
  public static func inlineHash(_ message: RawSpan) -> InlineArray<32, UInt8> {
    var hash = InlineArray<32, UInt8>(repeating: 0)
    var span = hash.mutableSpan
    var output = unsafe span.mutableBytes
    unsafe message.withAddress { address, count in
      unsafe output.withAddress { output in
        unsafe LibCrypto.succeed(EVP_Digest(address, count, output, nil, LibCrypto.sha256, nil))
      }
    }
    return hash
  }
}
