public import Cryptography
public import SecretMemory
internal import Wire

/// What lets one person register once (PROTOCOL.md, 3.9): 20 random bytes. Whoever has it can use
/// it, so it is kept and shown like a passphrase. The KDC keeps `hash` alone.
public struct Invitation: ~Copyable, Sendable {
  /// As many as nobody guesses.
  public static let byteCount = 20
  private static let checksumByteCount = 4
  private static let prefix = "invite1"

  let secret: SecretBytes

  /// A fresh one.
  public init(random: inout some RandomSource) { secret = random.secret(Self.byteCount) }

  init(_ secret: consuming SecretBytes) { self.secret = secret }

  /// Reads the word that `word` writes; nil for anything else. Capitals make no difference.
  public static func parse(_ text: borrowing SecretBytes) -> Invitation? {
    let spelled = String(decoding: [UInt8](text.bytes), as: UTF8.self).lowercased()
    guard spelled.hasPrefix(prefix),
      let bytes = Base32.decode(spelled.dropFirst(prefix.count)),
      bytes.count == byteCount + checksumByteCount
    else { return nil }
    let found = Invitation(SecretBytes(copying: bytes.bytes.extracting(first: byteCount)))
    guard found.word == spelled else { return nil }
    return found
  }

  /// A copy with an owner of its own.
  public func duplicate() -> Invitation { Invitation(secret.duplicate()) }

  /// A copy, or nil for nil.
  public static func copy(of invitation: borrowing Invitation?) -> Invitation? {
    switch invitation {
    case .some(let invitation): return invitation.duplicate()
    case .none: return nil
    }
  }

  /// What the KDC keeps of it, 32 bytes.
  public var hash: [UInt8] {
    var content = ByteWriter(.invitation)
    content.prefixed(secret.bytes)
    return SHA256.hash(content.written)
  }

  /// One word, to be handed over in secret: `invite1`, then base 32 of the bytes and the first four
  /// of the hash.
  public var word: String {
    Self.prefix + Base32.encode([UInt8](secret.bytes) + hash.prefix(Self.checksumByteCount))
  }
}
