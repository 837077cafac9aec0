internal import COpenSSL
internal import SecretMemory

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  /// The length of a tag, in bytes.
  public static let byteCount = 32

  /// The tag of `message` under `key`, 32 bytes.
  public static func authenticate(_ message: RawSpan, key: RawSpan) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { output, written in
      guard let address = output.baseAddress else { return }
      let context = HMACContext(key: key)
      context.update(message)
      unsafe context.finish(into: address)
      written = byteCount
    }
  }

  /// Whether `tag` is the whole tag of `message` under `key`, compared in constant time.
  public static func isValid(_ tag: RawSpan, for message: RawSpan, key: RawSpan) -> Bool {
    equalInConstantTime(tag, authenticate(message, key: key).bytes)
  }
}

/// HMAC computations under one key, one after the other. What came of the key is erased in the end.
@safe
struct HMACContext: ~Copyable {
  private let context: UnsafeMutablePointer<trent_hmac>

  init(key: RawSpan) {
    unsafe context = .allocate(capacity: 1)
    unsafe key.withAddress { address, count in
      unsafe trent_hmac_init(context, address, count)
    }
  }

  deinit {
    unsafe OPENSSL_cleanse(context, MemoryLayout<trent_hmac>.size)
    unsafe context.deallocate()
  }

  func update(_ bytes: RawSpan) {
    unsafe bytes.withAddress { address, count in
      unsafe trent_hmac_update(context, address, count)
    }
  }

  func update(_ byte: UInt8) {
    unsafe withUnsafePointer(to: byte) { address in
      unsafe trent_hmac_update(context, address, 1)
    }
  }

  /// Writes the tag, 32 bytes. What follows is another message.
  @unsafe
  func finish(into output: UnsafeMutablePointer<UInt8>) {
    unsafe trent_hmac_final(context, output)
  }
}
