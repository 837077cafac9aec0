internal import DurableFiles
internal import FileTransfer
internal import Glibc
internal import Wire

/// Looks at everything that is to be sent, once, before anything is said to anybody. Folders are
/// opened below the one that was named, links read and never followed.
struct SourceWalk {
  private struct Link {
    let path: EntryPath
    let target: [UInt8]
    let modified: UInt64
    let shown: String
  }

  private let person: any Person
  private var found: [(entry: TransferEntry, file: SourceFile?)] = []
  private var links: [Link] = []
  /// Names at the top that are taken.
  private var topLevel: Set<String> = []

  init(person: any Person) { self.person = person }

  /// Adds a file, or a folder with all that is in it.
  mutating func add(_ path: String) throws(ClientFailure) {
    let status = try withFiles { () throws(FileFailure) in try FileStatus.following(path) }
    let path0 = try topPath(of: path)
    switch status.kind {
    case .file(let size):
      // What cannot be read is told before anybody is bothered.
      _ = try withFiles { () throws(FileFailure) in try OpenFile(reading: path) }
      addFile(path0, status, size, .path(path))
    case .folder:
      let root = SourceRoot(
        try withFiles { () throws(FileFailure) in try ConfinedFolder(path) })
      addFolder(path0, try withFiles { () throws(FileFailure) in try root.folder.currentStatus() })
      try walk(root, below: nil, as: path0)
    case .link, .special:
      throw ClientFailure(
        .fileFailure,
        "\(SafeText(path, limit: 255)) is neither a file nor a folder. Send it alone, as a stream.")
    }
  }

  /// The name of something at the top: the last one of its path, if need be of the real one.
  private mutating func topPath(of path: String) throws(ClientFailure) -> EntryPath {
    var trimmed = Substring(path)
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    var name = lastComponent(of: String(trimmed))
    if ["", ".", ".."].contains(name) { name = lastComponent(of: realPath(path)) }
    let given = unique([UInt8](name.utf8), among: &topLevel, shown: path)
    guard let result = EntryPath(given) else { throw Self.tooLong(path) }
    return result
  }

  private func realPath(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return "" }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  private mutating func walk(
    _ root: SourceRoot, below folder: ConfinedPath?, as path: EntryPath
  ) throws(ClientFailure) {
    var taken: Set<String> = []
    var inner: [(ConfinedPath, EntryPath)] = []
    try Self.look(into: folder, of: root) { (opened) throws(ClientFailure) in
      let names = try withFiles { () throws(FileFailure) in try opened.names() }
      for name in names {
        guard let below = folder.map({ $0.appending(name.bytes) }) ?? name else { continue }
        let shown = joinPath(opened.path, String(decoding: name.bytes, as: UTF8.self))
        let status = try withFiles { () throws(FileFailure) in try opened.inspect(name) }
        // Gone meanwhile.
        guard let status else { continue }
        guard status.kind != .special else {
          person.say(
            "left out, being neither file, folder nor link: \(SafeText(shown, limit: 255))")
          continue
        }
        let given = unique(name.bytes, among: &taken, shown: shown)
        guard let entry = path.appending(given) else { throw Self.tooLong(shown) }
        switch status.kind {
        case .file(let size):
          guard try withFiles({ () throws(FileFailure) in try opened.mayRead(name) }) else {
            throw ClientFailure(FileFailure(path: shown, operation: .read, errno: EACCES))
          }
          addFile(entry, status, size, .below(root, below))
        case .folder:
          addFolder(entry, status)
          inner.append((below, entry))
        case .link:
          let target = try withFiles { () throws(FileFailure) in try opened.linkTarget(name) }
          links.append(
            Link(path: entry, target: target, modified: status.modified, shown: shown))
        case .special: break
        }
      }
    }
    for (below, entry) in inner { try walk(root, below: below, as: entry) }
  }

  private static func look(
    into folder: ConfinedPath?, of root: SourceRoot,
    _ body: (borrowing ConfinedFolder) throws(ClientFailure) -> Void
  ) throws(ClientFailure) {
    guard let folder else { return try body(root.folder) }
    let opened = try withFiles { () throws(FileFailure) in try root.folder.openFolder(folder) }
    try body(opened)
  }

  // MARK: Entries

  private mutating func addFile(
    _ path: EntryPath, _ status: FileStatus, _ size: UInt64, _ place: SourceFile.Place
  ) {
    found.append(
      (
        TransferEntry(
          path: path, kind: .file(size: size), permissions: UInt16(status.permissions),
          modified: Timestamp(milliseconds: status.modified)),
        SourceFile(place: place, size: size, modified: status.modified)
      ))
  }

  private mutating func addFolder(_ path: EntryPath, _ status: FileStatus) {
    found.append(
      (
        TransferEntry(
          path: path, kind: .folder, permissions: UInt16(status.permissions),
          modified: Timestamp(milliseconds: status.modified)), nil
      ))
  }

  /// A clean name that nothing else of the same folder has.
  private func unique(
    _ name: [UInt8], among taken: inout Set<String>, shown: String
  ) -> String {
    let clean = EntryName.cleaned(name)
    var candidate = clean
    var number = 1
    while !taken.insert(candidate).inserted {
      number += 1
      candidate = EntryName.numbered(clean, number)
    }
    if !candidate.utf8.elementsEqual(name) {
      person.say(
        "\"\(SafeText(shown, limit: 255))\" is sent as \"\(SafeText(candidate, limit: 255))\"")
    }
    return candidate
  }

  // MARK: The end

  consuming func finish() throws(ClientFailure) -> (Manifest, [SourceFile]) {
    addLinks()
    let sorted = found.sorted { $0.entry.path < $1.entry.path }
    do throws(ManifestFault) {
      let manifest = try Manifest(.files, sorted.map(\.entry))
      return (manifest, sorted.compactMap(\.file))
    } catch {
      throw ClientFailure(.fileFailure, "This cannot be sent: \(error).")
    }
  }

  private mutating func addLinks() {
    let folders = Set(found.lazy.filter { $0.entry.kind == .folder }.map(\.entry.path))
    for link in links {
      guard let target = String(validating: link.target, as: UTF8.self),
        LinkTarget.isConfined(target, at: link.path, folders: folders)
      else {
        person.say(
          "left out, being a link that leads out of what is sent: "
            + "\(SafeText(link.shown, limit: 255))")
        continue
      }
      found.append(
        (
          TransferEntry(
            path: link.path, kind: .link(target: target), permissions: 0,
            modified: Timestamp(milliseconds: link.modified)), nil
        ))
    }
  }

  private static func tooLong(_ path: String) -> ClientFailure {
    ClientFailure(
      .fileFailure,
      "\(SafeText(path, limit: 255)) has a path that is too long or too deep to be sent.")
  }
}
