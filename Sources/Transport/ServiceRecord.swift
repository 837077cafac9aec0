/// Where a service is, as DNS tells it (RFC 2782).
public struct ServiceRecord: Hashable, Sendable {
  /// The lowest comes first.
  public let priority: UInt16
  /// How often to come first among those of one priority, compared with the others.
  public let weight: UInt16
  public let port: UInt16
  /// A host name; "." says that the service is not there.
  public let host: String

  package init(priority: UInt16, weight: UInt16, port: UInt16, host: String) {
    self.priority = priority
    self.weight = weight
    self.port = port
    self.host = host
  }

  /// In the order in which to try them.
  ///
  /// - Parameter random: picks a number up to a limit, which it may be.
  public static func ordered(
    _ records: [ServiceRecord], random: (UInt32) -> UInt32
  ) -> [ServiceRecord] {
    var ordered: [ServiceRecord] = []
    for priority in Set(records.map(\.priority)).sorted() {
      // Those of no weight first, so that they are picked now and then.
      var rest = records.filter { $0.priority == priority && $0.weight == 0 }
      rest += records.filter { $0.priority == priority && $0.weight != 0 }
      while !rest.isEmpty {
        let picked = random(rest.reduce(0) { $0 &+ UInt32($1.weight) })
        var sum: UInt32 = 0
        let index = rest.firstIndex { record in
          sum &+= UInt32(record.weight)
          return sum >= picked
        }
        ordered.append(rest.remove(at: index ?? 0))
      }
    }
    return ordered
  }
}
