internal import SecretMemory

/// The public half of an X25519 key pair (RFC 7748).
public struct AgreementPublicKey: Hashable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = 32

  private let encoded: FixedBytes<32>

  /// The u-coordinate as it is encoded on the wire, 32 bytes, borrowed.
  public var encoding: RawSpan {
    @_lifetime(borrow self)
    borrowing get { encoded.bytes }
  }

  /// The same in an array.
  public var bytes: [UInt8] { [UInt8](encoding) }

  /// Nil unless there are 32 bytes. All of those are accepted here (RFC 7748, section 5); points of
  /// low order are refused when a secret is to be agreed on with them.
  public init?(_ bytes: RawSpan) {
    guard let encoded = FixedBytes<32>(bytes) else { return nil }
    self.encoded = encoded
  }

  /// Nil for any other number than 32.
  public init?(_ bytes: [UInt8]) { self.init(bytes.bytes) }

  /// For the 32 bytes that libcrypto has made.
  init(accepted bytes: [UInt8]) { encoded = FixedBytes(padding: bytes.bytes) }
}
