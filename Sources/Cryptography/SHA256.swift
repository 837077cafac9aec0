internal import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
  /// The length of a hash, in bytes.
  public static let byteCount = 32

  /// The hash of `message`, 32 bytes.
  public static func hash(_ message: RawSpan) -> [UInt8] {
    unsafe message.withAddress { address, count in
      unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, written in
        unsafe LibCrypto.succeed(
          EVP_Digest(address, count, output.baseAddress, nil, LibCrypto.sha256, nil))
        written = byteCount
      }
    }
  }
}
