internal import SecretMemory
internal import Wire

/// What a verified request is remembered by: 16 bytes that no other request has.
struct ReplayTag: Hashable {
  private let high: UInt64
  private let low: UInt64

  /// - Parameter bytes: at least 16, out of a hash or a key derivation.
  init(_ bytes: RawSpan) {
    high = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    low = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
  }
}

/// Remembers requests for at least a window of time, in bounded memory. Filled only with what has
/// been verified, so that nobody can burn somebody else's nonce.
struct ReplayCache {
  enum Verdict: Hashable {
    case fresh, replayed
    /// No room: the request has to be refused, since its replay could not be told.
    case full
  }

  private let window: Interval
  private let limit: Int
  private var recent: Set<ReplayTag> = []
  private var older: Set<ReplayTag> = []
  private var turned: Timestamp

  /// - Parameters:
  ///   - window: how long a tag is remembered at the least; at most twice as long.
  ///   - limit: how many tags are held in all.
  init(window: Interval, limit: Int, now: Timestamp) {
    self.window = window
    self.limit = limit
    turned = now
  }

  var isFull: Bool { recent.count + older.count >= limit }

  /// Remembers a tag, and says whether it was new.
  mutating func insert(_ tag: ReplayTag, at now: Timestamp) -> Verdict {
    if now.since(turned) >= window {
      older = now.since(turned) >= window + window ? [] : recent
      recent = []
      turned = now
    }
    if older.contains(tag) { return .replayed }
    // Nearly all are new: one look does for both questions.
    guard !isFull else { return recent.contains(tag) ? .replayed : .full }
    return recent.insert(tag).inserted ? .fresh : .replayed
  }
}
