/// What a disk has after the power has failed. What was waited for is there. Of the rest, each file
/// is where it was or where it is, under one name for certain if it was moved; its content is the
/// old one, the new one, or something in between.
struct PowerFailure {
  typealias Inode = DiskTree.Inode

  private let before: DiskTree
  private let now: DiskTree
  private(set) var random: SeededRandom
  /// By file or folder: whether it is where it was last.
  private var isMoved: [Inode: Bool] = [:]
  private var placesNow: Set<Inode> = []
  private static let blockByteCount = 512

  /// - Parameters:
  ///   - durable: what was waited for.
  ///   - now: what programs have seen at the end.
  init(before durable: DiskTree, at now: DiskTree, _ random: SeededRandom) {
    before = durable
    self.now = now
    self.random = random
    for entries in now.folders.values { placesNow.formUnion(entries.values) }
  }

  mutating func left() -> DiskTree {
    var tree = DiskTree()
    tree.root = now.root
    add(now.root, to: &tree)
    return tree
  }

  private mutating func add(_ inode: Inode, to tree: inout DiskTree) {
    guard now.folders[inode] != nil || before.folders[inode] != nil else {
      tree.files[inode] = content(of: inode)
      return
    }
    let old = before.folders[inode] ?? [:]
    let new = now.folders[inode] ?? [:]
    var entries: [String: Inode] = [:]
    for name in Set(old.keys).union(new.keys).sorted() {
      if let entry = entry(old[name], new[name]) { entries[name] = entry }
    }
    tree.folders[inode] = entries
    for (_, entry) in entries.sorted(by: { $0.key < $1.key }) { add(entry, to: &tree) }
  }

  private mutating func entry(_ old: Inode?, _ new: Inode?) -> Inode? {
    if old == new { return new }
    guard let new else {
      guard let old else { return nil }
      // Removed, or moved to elsewhere.
      return hasMoved(old) ? nil : old
    }
    return hasMoved(new) ? new : old
  }

  private mutating func hasMoved(_ inode: Inode) -> Bool {
    if let known = isMoved[inode] { return known }
    let answer = random.chance(500)
    isMoved[inode] = answer
    return answer
  }

  private mutating func content(of inode: Inode) -> [UInt8] {
    let old = before.files[inode] ?? []
    guard let new = now.files[inode], new != old else { return old }
    switch random.below(3) {
    case 0: return old
    case 1: return new
    default: break
    }
    if new.starts(with: old) {
      return [UInt8](new.prefix(random.number(in: old.count...new.count)))
    }
    var mixed = random.chance(500) ? old : new
    for start in stride(from: 0, to: min(old.count, new.count), by: Self.blockByteCount) {
      let end = min(start + Self.blockByteCount, old.count, new.count)
      mixed.replaceSubrange(start..<end, with: (random.chance(500) ? old : new)[start..<end])
    }
    return mixed
  }
}
