internal import SecretMemory
internal import Wire

/// Gathers the list that an offer has announced, record by record. A fault is final.
public struct ManifestReader: ~Copyable {
  private var builder: ManifestBuilder
  private let entryCount: Int
  private let totalSize: UInt64?
  private var hasFailed = false

  /// Awaits the entries that an offer announces.
  public init(_ offer: borrowing Offer) {
    builder = ManifestBuilder(offer.content)
    entryCount = Int(offer.entryCount)
    totalSize = offer.totalSize
  }

  /// Whether all entries are there that were announced.
  public var isComplete: Bool { builder.count == entryCount }

  /// Takes the next record of entries.
  public mutating func take(_ record: RawSpan) throws(ManifestFault) {
    guard !hasFailed else { throw .malformed }
    hasFailed = true
    let batch: EntryBatch
    do { batch = try EntryBatch(record) } catch { throw .malformed }
    guard batch.entries.count <= entryCount - builder.count else { throw .tooManyEntries }
    for entry in batch.entries { try builder.append(entry, encoded: entry.encoded()) }
    hasFailed = false
  }

  /// The list, once it is complete.
  public consuming func finish() throws(ManifestFault) -> Manifest {
    guard !hasFailed, isComplete else { throw .malformed }
    let announced = totalSize
    let manifest = try builder.finish()
    guard manifest.totalSize == announced else { throw .size }
    return manifest
  }
}
