/// The public half of an X25519 key pair (RFC 7748).
public struct AgreementPublicKey: Hashable, Sendable {
  /// The length of a key, in bytes.
  public static let byteCount = 32

  /// The u-coordinate as it is encoded on the wire, 32 bytes.
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes. All of those are accepted here (RFC 7748, section 5); points of
  /// low order are refused when a secret is to be agreed on with them.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// For bytes that libcrypto has made.
  init(accepted bytes: [UInt8]) {
    self.bytes = bytes
  }
}
