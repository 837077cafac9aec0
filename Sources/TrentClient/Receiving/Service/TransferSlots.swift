internal import Synchronization
internal import Transport
internal import Wire

/// How many transfers there may be at once: in all, and of one sender, so that nobody takes the
/// place of everybody else.
final class TransferSlots: Sendable {
  /// How long to wait in the end for programs to go, and for peers to have read the last word.
  private static let patience = Interval.seconds(15)
  private static let pause = Interval.milliseconds(20)

  private let limit: Int
  private let limitPerSender: Int
  private let taken = Mutex<[PrincipalName: Int]>([:])

  /// - Parameters:
  ///   - limit: as for files; services may have more.
  init(limit: Int = 8, perSender limitPerSender: Int = 2) {
    self.limit = limit
    self.limitPerSender = limitPerSender
  }

  /// How many there are.
  var count: Int { taken.withLock { $0.values.reduce(0, +) } }

  /// Whether there is room for another one of this sender's.
  ///
  /// - Parameter others: How many it is about to begin.
  func hasRoom(for sender: PrincipalName, besides others: Int = 0) -> Bool {
    taken.withLock { hasRoom(for: sender, besides: others, in: $0) }
  }

  /// - Returns: false when there is no room.
  func take(for sender: PrincipalName) -> Bool {
    taken.withLock { taken in
      guard hasRoom(for: sender, besides: 0, in: taken) else { return false }
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

  private func hasRoom(
    for sender: PrincipalName, besides others: Int, in taken: [PrincipalName: Int]
  ) -> Bool {
    taken.values.reduce(others, +) < limit && taken[sender, default: 0] + others < limitPerSender
  }

  /// Waits until all have ended, for a while. They have been told to.
  func waitForAll(_ person: SharedPerson) {
    let deadline = Deadline.after(Self.patience)
    while count > 0, !deadline.hasPassed {
      person.interruptQuestion()
      _ = try? Polling.wait(for: [], until: .after(Self.pause))
    }
  }
}
