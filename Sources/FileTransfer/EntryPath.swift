/// Where an entry of a list goes, below a folder that the receiver chooses: clean names joined by
/// "/".
///
/// Paths are compared name by name and byte by byte, so that everything in a folder follows it.
public struct EntryPath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// In UTF-8, separators included.
  public static let byteLimit = 4096
  /// How many names a path may have.
  public static let depthLimit = 64

  public let description: String

  /// Nil unless `text` is 1 to 64 clean names, 4096 bytes in all.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.byteLimit else { return nil }
    let names = text.split(separator: "/", omittingEmptySubsequences: false)
    guard names.count <= Self.depthLimit, names.allSatisfy({ EntryName.isClean(String($0)) })
    else { return nil }
    description = text
  }

  private init(unchecked text: some StringProtocol) { description = String(text) }

  /// Nil when the result would be too long or too deep, or `name` is not clean.
  public func appending(_ name: String) -> EntryPath? { EntryPath("\(description)/\(name)") }

  /// The path's names, from the top down.
  public var names: [Substring] { description.split(separator: "/") }

  /// The last name.
  public var name: String { names.last.map(String.init) ?? "" }

  /// The first name: the top-level entry that this one belongs to.
  public var top: String { names.first.map(String.init) ?? "" }

  /// The folder that this entry is in; nil at the top.
  public var parent: EntryPath? {
    description.lastIndex(of: "/").map { EntryPath(unchecked: description[..<$0]) }
  }

  public static func < (left: EntryPath, right: EntryPath) -> Bool {
    // No name has a byte below the one that "/" is taken for.
    func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
    return left.description.utf8.lexicographicallyPrecedes(right.description.utf8) {
      rank($0) < rank($1)
    }
  }
}
