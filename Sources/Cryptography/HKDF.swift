internal import COpenSSL
public import SecretMemory

/// HKDF with SHA-256 (RFC 5869).
public enum HKDF {
  /// The most that `expand` can give: 255 blocks (section 2.3).
  public static let maximumByteCount = 255 * SHA256.byteCount

  /// Step 1 (section 2.2): a pseudorandom key of 32 bytes. An empty salt stands for 32 zero bytes.
  public static func extract(salt: RawSpan, inputKeyMaterial: RawSpan) -> SecretBytes {
    SecretBytes(count: SHA256.byteCount) { output in
      HMACSHA256.write(inputKeyMaterial, key: salt, to: &output)
    }
  }

  /// Step 2 (section 2.3): `count` bytes of key for the purpose that `info` names.
  ///
  /// - Parameters:
  ///   - pseudorandomKey: at least 32 bytes, uniformly random.
  ///   - count: at most 8160; the caller's own constant, never a number from outside.
  public static func expand(
    _ pseudorandomKey: RawSpan, info: RawSpan, count: Int
  ) -> SecretBytes {
    precondition(count >= 0 && count <= maximumByteCount)
    return SecretBytes(count: count) { output in
      guard count > 0 else { return }
      unsafe output.withAddress { output in
        unsafe pseudorandomKey.withAddress { key, keyCount in
          unsafe info.withAddress { info, infoCount in
            unsafe trent_hkdf_expand(key, keyCount, info, infoCount, output, count)
          }
        }
      }
    }
  }

  /// Both steps: `count` bytes of key out of key material that need not be uniformly random.
  public static func derive(
    _ inputKeyMaterial: RawSpan, salt: RawSpan, info: RawSpan, count: Int
  ) -> SecretBytes {
    let pseudorandomKey = extract(salt: salt, inputKeyMaterial: inputKeyMaterial)
    return expand(pseudorandomKey.bytes, info: info, count: count)
  }
}
