internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Which passphrases nobody may set: guessers try them first. Asked when one is set and never when
/// somebody logs in; before it is hashed, since that takes a while.
enum PassphraseRules {
  /// In characters.
  static let shortest = 10

  static func check(
    _ passphrase: borrowing SecretBytes, of name: PrincipalName
  ) throws(ClientFailure) {
    guard let reason = fault(of: passphrase, name: [UInt8](name.description.utf8)) else { return }
    throw ClientFailure(
      .authenticationRefused,
      "This passphrase may not be set: \(reason). Take five or more random words.")
  }

  /// Why this one may not be set; nil if it may.
  private static func fault(of passphrase: borrowing SecretBytes, name: [UInt8]) -> String? {
    let bytes = passphrase.bytes
    let count = bytes.byteCount
    func byte(_ position: Int) -> UInt8 {
      unsafe folded(bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self))
    }
    // A character of UTF-8 has one byte that does not continue another.
    guard (0..<count).count(where: { byte($0) & 0xc0 != 0x80 }) >= shortest else {
      return "it is shorter than \(shortest) characters"
    }
    if (1...4).contains(where: { period in
      (period..<count).allSatisfy { byte($0) == byte($0 - period) }
    }) {
      return "it is a few characters again and again"
    }
    for step in [1, 255] as [UInt8]
    where (1..<count).count(where: { byte($0) &- byte($0 - 1) == step }) * 4 >= 3 * (count - 1) {
      return "it is a row of the alphabet or of digits"
    }
    // What is left without digits and signs before and after it.
    let letters = (0..<count).filter { isLetter(byte($0)) }
    guard let first = letters.first, let last = letters.last else {
      return "it has no letters"
    }
    func isCore(_ word: some Collection<UInt8>) -> Bool {
      word.count == last - first + 1 && zip(first...last, word).allSatisfy { byte($0) == $1 }
    }
    if isCore(name) || isCore(name.filter(isLetter)) { return "it is the name" }
    if CommonPassphrases.words.contains(where: { isCore($0.utf8) }) {
      return "it is one of those that are used most, or such a one with digits around it"
    }
    return nil
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// Bytes of characters beyond ASCII count as letters.
  private static func isLetter(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
