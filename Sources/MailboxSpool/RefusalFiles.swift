internal import DurableFiles
internal import SecretMemory
internal import Wire

/// Whom receivers refuse: a file for each receiver, with one name a line.
struct RefusalFiles: Sendable {
  private static let lengthLimit = 1 << 20

  /// The folder.
  let path: String

  /// Puts these names in the place of those that were there. When this returns they are on the
  /// disk.
  func write(_ names: Set<PrincipalName>, for receiver: PrincipalName) throws(FileFailure) {
    let text = names.sorted().map { "\($0)\n" }.joined()
    var file = try AtomicFile(replacing: joinPath(path, "\(receiver)"), mode: 0o600)
    try file.write([UInt8](text.utf8).bytes)
    try file.commit()
  }

  /// - Returns: the names that are there, and whether that is all that is there.
  static func read(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) -> (names: [PrincipalName], isWhole: Bool) {
    let bytes = try folder.openFile(name).bytes(at: 0, count: lengthLimit)
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let names = lines.compactMap { PrincipalName(String(decoding: $0, as: UTF8.self)) }
    let isEnded = bytes.isEmpty || bytes.last == UInt8(ascii: "\n")
    return (names, isEnded && names.count == lines.count && bytes.count < lengthLimit)
  }
}
