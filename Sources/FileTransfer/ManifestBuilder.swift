internal import Cryptography
internal import SecretMemory

/// Judges a list entry by entry, in bounded memory. A fault is final.
struct ManifestBuilder: ~Copyable {
  private let content: Manifest.Content
  private var entries: [TransferEntry] = []
  private var byteCount = 0
  private var hasher = SHA256Hasher()
  private var total: UInt64 = 0
  /// The folders that the latest entry is in, the outermost first, with itself if it is one.
  private var open: [EntryPath] = []

  init(_ content: Manifest.Content) {
    self.content = content
    let code = [content.rawValue]
    hasher.update(code.bytes)
  }

  var count: Int { entries.count }

  /// - Parameter encoded: the entry's bytes.
  mutating func append(_ entry: TransferEntry, encoded: [UInt8]) throws(ManifestFault) {
    guard entries.count < Manifest.entryLimit else { throw .tooManyEntries }
    byteCount += encoded.count
    guard byteCount <= Manifest.byteLimit else { throw .tooLong }
    if let last = entries.last, !(last.path < entry.path) { throw .order(entry.path) }
    let parent = entry.path.parent
    while let innermost = open.last, innermost != parent { open.removeLast() }
    guard parent == nil || open.last == parent else { throw .noFolder(entry.path) }
    switch entry.kind {
    case .file(let size): try add(size)
    case .folder: open.append(entry.path)
    case .link: break
    }
    hasher.update(encoded.bytes)
    entries.append(entry)
  }

  private mutating func add(_ size: UInt64?) throws(ManifestFault) {
    guard (size == nil) == (content == .stream) else { throw .form }
    let (sum, overflow) = total.addingReportingOverflow(size ?? 0)
    // The largest number means unknown.
    guard !overflow, sum < .max else { throw .size }
    total = sum
  }

  consuming func finish() throws(ManifestFault) -> Manifest {
    guard !entries.isEmpty else { throw .form }
    if content != .files {
      guard entries.count == 1, case .file = entries[0].kind, entries[0].path.parent == nil else {
        throw .form
      }
    }
    if content == .text, total > Manifest.textLimit { throw .form }
    try Self.judgeLinks(of: entries)
    return Manifest(
      checked: content, entries, totalSize: content == .stream ? nil : total,
      hash: hasher.finish())
  }

  private static func judgeLinks(of entries: [TransferEntry]) throws(ManifestFault) {
    var folders: Set<EntryPath>?
    for entry in entries {
      guard case .link(let target) = entry.kind else { continue }
      if folders == nil {
        folders = Set(entries.filter { $0.kind == .folder }.map(\.path))
      }
      guard LinkTarget.isConfined(target, at: entry.path, folders: folders ?? []) else {
        throw .link(entry.path)
      }
    }
  }
}
