internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What a staging is of: the same only for the same list, of the same sender, for the same
/// receiver, in the same realm.
struct StagingPlan {
  /// What the staging says of itself.
  let description: [UInt8]
  /// 16 hexadecimal digits.
  let id: String
  let items: [StagedItem]

  init(
    _ manifest: Manifest, from sender: PrincipalName, to receiver: PrincipalName, in realm: Realm
  ) {
    let text =
      "trent partial v1\nrealm \(realm.hexadecimalID)\nfrom \(sender)\nto \(receiver)\n"
      + "list \(Hexadecimal.encode(manifest.hash))\n"
    let bytes = [UInt8](text.utf8)
    let hash = SHA256.hash(bytes.bytes)
    description = bytes
    id = Hexadecimal.encode([UInt8](hash.prefix(8)))
    items = manifest.entries.compactMap(Self.item)
  }

  private static func item(_ entry: TransferEntry) -> StagedItem? {
    let kind: StagedItem.Kind =
      switch entry.kind {
      case .file(let size): .file(size)
      case .folder: .folder
      case .link(let target): .link(target)
      }
    // No path of an entry is refused here: each is made of clean names.
    guard let path = ConfinedPath(entry.path.description) else { return nil }
    return StagedItem(
      path: path, kind: kind, mode: UInt32(entry.permissions),
      modified: entry.modified.milliseconds)
  }
}
