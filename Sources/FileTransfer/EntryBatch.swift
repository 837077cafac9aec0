internal import Cryptography
internal import SecretMemory
public import Wire

/// Some entries of the list. Kind 0x05, their number (2, at least 1), then the entries.
public struct EntryBatch: Hashable, Sendable {
  /// At least one.
  public let entries: [TransferEntry]

  /// What fits into a record beside kind and number, in bytes.
  private static let room = 65_535 - 16 - 3

  /// Nothing at all is our own mistake.
  init(_ entries: [TransferEntry]) {
    precondition(!entries.isEmpty && entries.count <= UInt16.max)
    self.entries = entries
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.entries)
    let count = try reader.uint16()
    guard count > 0 else { throw .invalid("count") }
    var entries: [TransferEntry] = []
    for _ in 0..<count { entries.append(try TransferEntry(&reader)) }
    try reader.finish()
    self.entries = entries
  }

  /// The plaintext of a record.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.room)
    writer.uint8(TransferMessage.Kind.entries.rawValue)
    writer.uint16(UInt16(entries.count))
    for entry in entries { entry.write(to: &writer) }
    return writer.publicBytes()
  }

  /// A whole list in as few records as hold it.
  public static func batches(of manifest: Manifest) -> [EntryBatch] {
    var batches: [EntryBatch] = []
    var batch: [TransferEntry] = []
    var filled = 0
    for entry in manifest.entries {
      let count = entry.encoded().count
      if filled + count > room {
        batches.append(EntryBatch(batch))
        (batch, filled) = ([], 0)
      }
      batch.append(entry)
      filled += count
    }
    batches.append(EntryBatch(batch))
    return batches
  }
}
