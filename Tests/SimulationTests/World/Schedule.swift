import Wire

/// What is going to happen, in virtual time. What is due at one moment happens in the order in
/// which it was entered.
struct Schedule {
  private struct Entry {
    let time: Timestamp
    let action: () -> Void
  }

  /// The next one is last.
  private var entries: [Entry] = []

  mutating func add(at time: Timestamp, _ action: @escaping () -> Void) {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time > time { low = middle + 1 } else { high = middle }
    }
    entries.insert(Entry(time: time, action: action), at: low)
  }

  mutating func next(until end: Timestamp) -> (time: Timestamp, action: () -> Void)? {
    guard let entry = entries.last, entry.time <= end else { return nil }
    entries.removeLast()
    return (entry.time, entry.action)
  }
}
