internal import COpenSSL
internal import SecretMemory

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// The length of a tag, in bytes.
  public static let byteCount = 32

  /// The tag of `message` under `key`, 32 bytes.
  public static func authenticate(_ message: RawSpan, key: RawSpan) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: byteCount)
    var elements = tag.mutableSpan
    var output = unsafe elements.mutableBytes
    write(message, key: key, to: &output)
    return tag
  }

  /// Writes the tag of `message` under `key` to `output`, 32 bytes.
  static func write(_ message: RawSpan, key: RawSpan, to output: inout MutableRawSpan) {
    precondition(output.byteCount == byteCount)
    unsafe output.withAddress { output in
      unsafe key.withAddress { key, keyCount in
        unsafe message.withAddress { message, count in
          unsafe trent_hmac_once(key, keyCount, message, count, output)
        }
      }
    }
  }

  /// Whether `tag` is the whole tag of `message` under `key`, compared in constant time.
  public static func isValid(_ tag: RawSpan, for message: RawSpan, key: RawSpan) -> Bool {
    equalInConstantTime(tag, authenticate(message, key: key).bytes)
  }
}
