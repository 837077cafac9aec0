internal import KeyDistribution
internal import Wire

/// Records that were asked for lately, each under the place of its line. What a line says never
/// changes, so that an entry is never wrong: at most nobody asks for its line any more.
struct RecordCache {
  private struct Entry {
    let offset: UInt64
    let record: UserRecord
  }

  /// How many records there are at most, of less than 1 KiB each.
  static let limit = 16_384

  /// An entry has one slot that it can be in, and drives out whatever is there.
  private var entries = [Entry?](repeating: nil, count: limit)

  /// The record of this name and where its line is, if it was asked for lately.
  func find(_ name: PrincipalName, hash: UInt32) -> (record: UserRecord, offset: UInt64)? {
    guard let entry = entries[slot(hash)], entry.record.name == name else { return nil }
    return (entry.record, entry.offset)
  }

  mutating func insert(_ record: UserRecord, hash: UInt32, at offset: UInt64) {
    entries[slot(hash)] = Entry(offset: offset, record: record)
  }

  private func slot(_ hash: UInt32) -> Int { Int(hash) % Self.limit }
}
