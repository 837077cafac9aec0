/// The hidden name of a file while it is written: `.NAME.RANDOM.partial`.
public enum PartialName {
  private static let ending = ".partial"
  private static let uniqueByteCount = 6
  private static let stemByteLimit = 200

  /// What is left of a name, so that all of it stays below 255 bytes.
  static func stem(of name: String) -> String {
    String(decoding: name.utf8.prefix(stemByteLimit), as: UTF8.self)
  }

  /// One that is new, as good as always.
  static func make(for name: String) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    let unique = String((0..<uniqueByteCount).compactMap { _ in letters.randomElement() })
    return ".\(stem(of: name)).\(unique)\(ending)"
  }

  /// The name, or the first 200 bytes of it, for which a hidden one may have been made; nil for
  /// what is none.
  public static func stem(in candidate: String) -> String? {
    let bytes = [UInt8](candidate.utf8)
    let tailCount = 1 + uniqueByteCount + ending.utf8.count
    let dot = UInt8(ascii: ".")
    guard bytes.count > 1 + tailCount, bytes[0] == dot, bytes[bytes.count - tailCount] == dot,
      candidate.hasSuffix(ending)
    else { return nil }
    return String(decoding: bytes[1..<bytes.count - tailCount], as: UTF8.self)
  }
}
