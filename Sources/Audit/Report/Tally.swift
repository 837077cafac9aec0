/// How often something was there, for so many different things at most; what is there for the first
/// time when there is no room is counted together.
struct Tally<Key: Hashable & Comparable> {
  private static var limit: Int { 10_000 }

  private(set) var counts: [Key: Int] = [:]
  private(set) var others = 0

  mutating func count(_ key: Key) {
    if counts[key] == nil, counts.count >= Self.limit {
      others += 1
    } else {
      counts[key, default: 0] += 1
    }
  }

  /// The most frequent ones; of equal ones in their order.
  func top(_ count: Int) -> [(key: Key, count: Int)] {
    let sorted = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    return sorted.prefix(count).map { ($0.key, $0.value) }
  }
}
