internal import Crypto
internal import FoundationEssentials
internal import SecretMemory

/// A message could not be sealed to an epoch key, or an epoch key not be made: the key is no key.
public struct SealingFailure: Error, Equatable {
  /// It has no parts.
  public init() {}
}

/// The public half of a KDC's epoch key: whoever has it can seal messages that only the KDC opens.
///
/// HPKE in base mode (RFC 9180) with the X-Wing KEM (ML-KEM-768 and X25519), HKDF-SHA256 and
/// AES-256-GCM. Safe against recording now and a quantum computer later.
public struct EpochPublicKey: Hashable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = 1216

  /// The key as it is encoded on the wire, 1216 bytes.
  public let bytes: [UInt8]

  /// Nil unless the bytes have the form of a key.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount,
      (try? XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)) != nil
    else { return nil }
    self.bytes = bytes
  }

  /// For bytes that swift-crypto has made.
  init(accepted key: XWingMLKEM768X25519.PublicKey) {
    bytes = [UInt8](key.rawRepresentation)
  }
}

extension Data {
  /// A copy of public bytes, for swift-crypto.
  init(_ bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
  }
}

extension SecretBytes {
  /// A copy of a key that swift-crypto owns, and erases.
  init(_ key: SymmetricKey) {
    self.init(count: key.bitCount / 8) { output in
      unsafe key.withUnsafeBytes { key in unsafe output.write(key.bytes, at: 0) }
    }
  }
}
