internal import Synchronization
internal import Wire

/// How many transfers there may be at once: in all, and of one sender, so that nobody takes the
/// place of everybody else.
final class TransferSlots: Sendable {
  static let limit = 8
  static let limitPerSender = 2

  private let taken = Mutex<[PrincipalName: Int]>([:])

  /// How many there are.
  var count: Int { taken.withLock { $0.values.reduce(0, +) } }

  /// Whether there is room for another one of this sender's.
  ///
  /// - Parameter others: How many it is about to begin.
  func hasRoom(for sender: PrincipalName, besides others: Int = 0) -> Bool {
    taken.withLock { Self.hasRoom(for: sender, besides: others, in: $0) }
  }

  /// - Returns: false when there is no room.
  func take(for sender: PrincipalName) -> Bool {
    taken.withLock { taken in
      guard Self.hasRoom(for: sender, besides: 0, in: taken) else { return false }
      taken[sender, default: 0] += 1
      return true
    }
  }

  /// Gives one back.
  func release(_ sender: PrincipalName) {
    taken.withLock { taken in
      let rest = taken[sender, default: 0] - 1
      taken[sender] = rest > 0 ? rest : nil
    }
  }

  private static func hasRoom(
    for sender: PrincipalName, besides others: Int, in taken: [PrincipalName: Int]
  ) -> Bool {
    taken.values.reduce(others, +) < limit && taken[sender, default: 0] + others < limitPerSender
  }
}
