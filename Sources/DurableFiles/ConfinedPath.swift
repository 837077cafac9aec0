/// A path that names something below a folder, by names alone: no "..", no ".", no absolute path,
/// nothing empty, no NUL. Bytes, because a file's name need not be text.
public struct ConfinedPath: Hashable, Sendable {
  /// Names with slashes between them.
  public let bytes: [UInt8]

  /// Nil unless it is one.
  public init?(_ bytes: [UInt8]) {
    let names = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard names.allSatisfy(Self.isName) else { return nil }
    self.bytes = bytes
  }

  /// The same for a text, in UTF-8.
  public init?(_ text: String) { self.init([UInt8](text.utf8)) }

  private init(unchecked bytes: some Sequence<UInt8>) { self.bytes = [UInt8](bytes) }

  private static func isName(_ name: some Collection<UInt8>) -> Bool {
    !name.isEmpty && !name.contains(0) && !name.elementsEqual(".".utf8)
      && !name.elementsEqual("..".utf8)
  }

  /// Every name in it, as a path of its own.
  var names: [ConfinedPath] {
    bytes.split(separator: UInt8(ascii: "/")).map { ConfinedPath(unchecked: $0) }
  }

  /// The path without its last name; nil when there is one name only.
  public var parent: ConfinedPath? {
    bytes.lastIndex(of: UInt8(ascii: "/")).map { ConfinedPath(unchecked: bytes[..<$0]) }
  }

  /// The last name.
  public var name: ConfinedPath { names.last ?? self }

  /// Something in the folder that this path names; nil unless `name` is one or more names.
  public func appending(_ name: [UInt8]) -> ConfinedPath? {
    ConfinedPath(bytes + [UInt8(ascii: "/")] + name)
  }

  /// For messages.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The path as the system's calls want it.
  func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
    let characters = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe characters.withUnsafeBufferPointer { buffer in
      // There is at least the terminating zero.
      guard let start = buffer.baseAddress else { return unsafe body("") }
      return unsafe body(start)
    }
  }
}
