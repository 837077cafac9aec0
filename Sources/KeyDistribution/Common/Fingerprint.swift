public import Cryptography
internal import SecretMemory
public import Wire

/// A short form of an identity key that two people read out to each other (PROTOCOL.md, 3.8).
///
/// It has 120 bits. Who wants to pass for somebody needs another key with the same fingerprint for
/// that one name in that one realm: since both are hashed in, no work done for many people at once
/// helps, and 2^120 tries are out of reach. Two keys of one's own with the same fingerprint, which
/// take 2^60 tries, fool nobody about somebody else's. More letters would only be read less often.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  private static let byteCount = 15
  private static let groupLength = 4

  private let bytes: [UInt8]

  /// - Parameter realmID: `Realm.id`, 32 bytes.
  public init(of identity: VerifyingKey, name: PrincipalName, realmID: [UInt8]) {
    var content = ByteWriter(.fingerprint)
    content.prefixed(realmID.bytes)
    content.prefixed(name)
    content.prefixed(identity.encoding)
    bytes = [UInt8](SHA256.hash(content.written).prefix(Self.byteCount))
  }

  /// Reads what somebody has typed: capitals, blanks and hyphens make no difference. Nil for what
  /// is no fingerprint.
  public init?(_ text: String) {
    let letters = text.lowercased().filter { $0 != " " && $0 != "-" }
    guard let bytes = Base32.decode(letters), bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Six groups of four letters with hyphens between: one word on a command line.
  public var description: String {
    let letters = Base32.encode(bytes)
    var text = ""
    for (index, letter) in letters.enumerated() {
      if index > 0, index.isMultiple(of: Self.groupLength) { text += "-" }
      text.append(letter)
    }
    return text
  }
}
