internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory

/// What a peer offers, while its list comes in.
struct IncomingList: ~Copyable {
  /// So many peers at a time may tell long lists: each may take 16 MiB.
  static let limit = 4

  var session: PeerSession
  let offer: Offer
  private var reader: ManifestReader

  init(_ offer: consuming Offer, session: consuming PeerSession) {
    reader = ManifestReader(offer)
    self.offer = offer
    self.session = session
  }

  /// Takes the next record.
  ///
  /// - Throws: `ManifestFault` for entries that no receiver takes, else what is wrong with the
  ///   record.
  mutating func take(_ record: RawSpan) throws {
    let message = try session.open(record)
    try reader.take(message.bytes)
  }

  var isComplete: Bool { reader.isComplete }

  /// The whole list.
  mutating func manifest() throws(ManifestFault) -> Manifest {
    var taken = ManifestReader(offer)
    swap(&taken, &reader)
    return try taken.finish()
  }
}
