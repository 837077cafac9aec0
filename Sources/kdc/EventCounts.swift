import KeyDistribution
import Wire

/// How many events of each kind there were since the start, whether they have a line or not.
struct EventCounts {
  static let names = [
    "registered", "logged-in", "secret-changed", "key-issued", "announced", "withdrawn", "probed",
    "refused", "operator", "deposits-taken",
  ]

  private var counts = [Int](repeating: 0, count: names.count)

  mutating func count(_ event: CenterEvent) {
    let place =
      switch event.kind {
      case .registered: 0
      case .loggedIn: 1
      case .secretChanged: 2
      case .keyIssued: 3
      case .announced: 4
      case .withdrawn: 5
      case .probed: 6
      case .refused: 7
      case .operated: 8
      case .depositsTaken: 9
      }
    counts[place] += 1
  }

  /// By their names.
  var all: [(name: String, count: Int)] { zip(Self.names, counts).map { ($0, $1) } }

  var json: JSONValue { .object(all.map { .init($0.name, .integer(Int64($0.count))) }) }
}
