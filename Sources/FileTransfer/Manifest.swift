internal import Cryptography
internal import SecretMemory

/// The whole list of what is offered, known before anything is written (CVE-2023-43619).
///
/// Entries are in strictly ascending order, so that nothing comes twice and every folder before
/// what is in it; everything is in a folder of the list or at the top; links stay inside the
/// top-level entry that they are in.
public struct Manifest: Hashable, Sendable {
  /// What the content is for.
  public enum Content: UInt8, Hashable, Sendable, CaseIterable {
    /// Files, folders and links, to be kept under their names.
    case files = 1
    /// One file whose length is not known before its end.
    case stream = 2
    /// A short text, to be shown.
    case text = 3
  }

  /// How many entries a list may have.
  public static let entryLimit = 100_000
  /// Of all entries as they are encoded.
  public static let byteLimit = 16 << 20
  /// Of a text, in bytes: what can be shown at once.
  public static let textLimit = 65_536

  /// What the content is for.
  public let content: Content
  /// In strictly ascending order of path.
  public let entries: [TransferEntry]
  /// The bytes of all files; nil when they are not known.
  public let totalSize: UInt64?
  /// SHA-256 of the content's code and all entries: what tells one list from another.
  public let hash: [UInt8]

  /// Judges a list of the sender's own.
  public init(_ content: Content, _ entries: [TransferEntry]) throws(ManifestFault) {
    var builder = ManifestBuilder(content)
    for entry in entries { try builder.append(entry, encoded: entry.encoded()) }
    self = try builder.finish()
  }

  init(checked content: Content, _ entries: [TransferEntry], totalSize: UInt64?, hash: [UInt8]) {
    self.content = content
    self.entries = entries
    self.totalSize = totalSize
    self.hash = hash
  }

  /// The entries that are in no folder of the list.
  public var topLevel: [TransferEntry] { entries.filter { $0.path.parent == nil } }

  /// The entries that have content, in the order in which it travels.
  public var files: [TransferEntry] {
    entries.filter { if case .file = $0.kind { true } else { false } }
  }
}

/// Why a list is refused. The fault is always the sender's.
public enum ManifestFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Bytes that are no list, or names that are not clean.
  case malformed
  /// More than `Manifest.entryLimit`.
  case tooManyEntries
  /// More bytes than `Manifest.byteLimit`.
  case tooLong
  /// Out of order, or twice.
  case order(EntryPath)
  /// In no folder of the list.
  case noFolder(EntryPath)
  /// A link that leads out of its tree, or through something that is no folder.
  case link(EntryPath)
  /// Sizes whose sum cannot be, or is not what was offered.
  case size
  /// A stream or a text that is not exactly one file of a fitting size.
  case form

  public var description: String {
    func shown(_ path: EntryPath) -> String { "\(SafeText(path.description, limit: 255))" }
    return switch self {
    case .malformed: "the list is malformed, or has names that are not allowed"
    case .tooManyEntries: "the list has more than \(Manifest.entryLimit) entries"
    case .tooLong: "the list is longer than \(Manifest.byteLimit >> 20) MiB"
    case .order(let path): "\"\(shown(path))\" is out of order or comes twice"
    case .noFolder(let path): "\"\(shown(path))\" is in no folder of the list"
    case .link(let path): "the link \"\(shown(path))\" leads out of what is sent"
    case .size: "the sizes of the list do not add up"
    case .form: "a stream or a text is one file"
    }
  }
}
