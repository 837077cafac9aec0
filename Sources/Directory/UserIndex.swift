/// Where in the user file the line of a name is: 8 bytes a name, and so many that a third of them
/// stay free.
///
/// It holds hashes of names, not names: of one hash there may be several lines, and only the file
/// says which is whose.
struct UserIndex {
  /// One line: the hash of its name, and where it starts.
  struct Entry {
    /// Hash, then 1 + offset, so that no entry is 0.
    fileprivate let bits: UInt64

    /// - Parameters:
    ///   - hash: of `hashBitCount` bits.
    ///   - offset: below `UserIndex.offsetLimit`.
    init(hash: UInt32, offset: UInt64) {
      precondition(hash >> UserIndex.hashBitCount == 0 && offset < UserIndex.offsetLimit)
      bits = UInt64(hash) << UserIndex.offsetBitCount | (offset + 1)
    }

    fileprivate init?(bits: UInt64) {
      guard bits != 0 else { return nil }
      self.bits = bits
    }

    var hash: UInt32 { UInt32(bits >> UserIndex.offsetBitCount) }
    var offset: UInt64 { (bits & UserIndex.offsetMask) - 1 }
  }

  static let hashBitCount = 28
  /// No line starts here or later: 64 GiB, of which the last byte is not used.
  static let offsetLimit = offsetMask

  private static let offsetBitCount = 36
  private static let offsetMask: UInt64 = (1 << offsetBitCount) - 1
  private static let fewestSlots = 64

  /// Open addressing: an entry is at the first free slot from its hash on. 0 is a free slot.
  private var slots = [UInt64](repeating: 0, count: fewestSlots)
  /// How many lines, and so names, there are.
  private(set) var count = 0

  /// Where the lines of names with this hash start. Mostly one at most.
  func offsets(of hash: UInt32) -> [UInt64] {
    var offsets: [UInt64] = []
    var slot = home(hash)
    while let entry = Entry(bits: slots[slot]) {
      if entry.hash == hash { offsets.append(entry.offset) }
      slot = next(slot)
    }
    return offsets
  }

  /// Whether the line is one of them.
  func contains(_ entry: Entry) -> Bool {
    var slot = home(entry.hash)
    while slots[slot] != 0 {
      if slots[slot] == entry.bits { return true }
      slot = next(slot)
    }
    return false
  }

  /// Enters a line, in the place of the one at `earlier` if its name has one already.
  mutating func put(_ entry: Entry, replacing earlier: UInt64? = nil) {
    if let earlier {
      let old = Entry(hash: entry.hash, offset: earlier)
      var slot = home(entry.hash)
      while slots[slot] != old.bits {
        precondition(slots[slot] != 0, "there is no such line")
        slot = next(slot)
      }
      slots[slot] = entry.bits
    } else {
      if (count + 1) * 3 > slots.count * 2 { grow() }
      insert(entry)
      count += 1
    }
  }

  private mutating func insert(_ entry: Entry) {
    var slot = home(entry.hash)
    while slots[slot] != 0 { slot = next(slot) }
    slots[slot] = entry.bits
  }

  private mutating func grow() {
    let entries = slots
    slots = [UInt64](repeating: 0, count: entries.count * 2)
    for bits in entries {
      if let entry = Entry(bits: bits) { insert(entry) }
    }
  }

  private func home(_ hash: UInt32) -> Int { Int(hash) & (slots.count - 1) }
  private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }
}
