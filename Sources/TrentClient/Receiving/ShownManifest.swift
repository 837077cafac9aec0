internal import FileTransfer

/// A list as a person sees it: every name, every size, and the total (CVE-2023-43619).
struct ShownManifest {
  private let manifest: Manifest

  init(_ manifest: Manifest) { self.manifest = manifest }

  /// In a few words, as one line says it.
  var summary: String {
    let size = Self.size(manifest.totalSize)
    if manifest.entries.count == 1, manifest.files.count == 1 { return "\(title) (\(size))" }
    return "\(title) (\(Self.count(manifest)), \(size))"
  }

  /// Without a size.
  var title: String {
    switch manifest.content {
    case .stream: return "a stream"
    case .text: return "a text"
    case .files:
      let top = manifest.topLevel
      guard top.count == 1, let only = top.first else { return "\(top.count) things" }
      return "\"\(Self.shown(only.path.name))\""
    }
  }

  /// The same, with the names that it got where those are others.
  func title(as names: [String]) -> String {
    guard !names.isEmpty, names != manifest.topLevel.map(\.path.name) else { return title }
    let list = names.map { "\"\(SafeText($0, limit: EntryName.byteLimit))\"" }
    return "\(title) as \(list.joined(separator: ", "))"
  }

  /// A line an entry, and the total.
  var lines: [String] {
    manifest.entries.map(Self.line) + ["total: \(Self.size(manifest.totalSize))"]
  }

  private static func line(_ entry: TransferEntry) -> String {
    let path = shown(entry.path.description)
    return switch entry.kind {
    case .file(let size): "  \(path) (\(self.size(size)))"
    case .folder: "  \(path)/"
    case .link(let target): "  \(path) -> \(shown(target))"
    }
  }

  private static func count(_ manifest: Manifest) -> String {
    let files = manifest.files.count
    return files == 1 ? "1 file" : "\(files) files"
  }

  private static func size(_ size: UInt64?) -> String {
    size?.inBytes ?? "length unknown"
  }

  private static func shown(_ text: String) -> String {
    "\(SafeText(text, limit: EntryPath.byteLimit))"
  }
}
