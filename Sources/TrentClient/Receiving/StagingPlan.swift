internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// What a staging is of: the same only for the same list, of the same sender, for the same
/// receiver, in the same realm; from a mailbox, also of the same deposit.
struct StagingPlan {
  /// What the staging says of itself.
  let description: [UInt8]
  /// 16 hexadecimal digits.
  let id: String
  let items: [StagedItem]

  /// - Parameter deposit: which one it is, for what comes from a mailbox.
  init(
    _ manifest: Manifest, from sender: PrincipalName, to receiver: PrincipalName, in realm: Realm,
    deposit: DepositTag? = nil
  ) {
    var text =
      "trent partial v1\nrealm \(realm.hexadecimalID)\nfrom \(sender)\nto \(receiver)\n"
      + "list \(Hexadecimal.encode(manifest.hash))\n"
    if let deposit { text += "deposit \(Hexadecimal.encode(deposit.bytes))\n" }
    let hash = SHA256.hash([UInt8](text.utf8).bytes)
    id = Hexadecimal.encode([UInt8](hash.prefix(8)))
    // Nobody compares what is here of a deposit: it is gone on with only while the machine that has
    // verified it still runs. One that went down may have written less than it said.
    if deposit != nil { text += "boot \(BootID.current() ?? Self.unique)\n" }
    description = [UInt8](text.utf8)
    items = manifest.entries.compactMap(Self.item)
  }

  /// Where the system does not say which run of it this is, none is the same as another.
  private static var unique: String {
    var random = SystemRandom()
    return Hexadecimal.encode(random.bytes(16))
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
