public import Wire

/// How hard the brakes are. The defaults are those of docs/REFERENCE.md.
public struct BrakePolicy: Hashable, Sendable {
  /// Wrong proofs for one name, from networks that its owner has not come from lately and without
  /// a signature of its identity key. The same for each known network of a name.
  public var name = BackOffRule(
    freeFailures: 5, firstDelay: .seconds(1), longestDelay: .minutes(15), forgiveness: .hours(1))
  /// Wrong proofs from one network, for whatever names that do not know it.
  public var source = BackOffRule(
    freeFailures: 100, firstDelay: .seconds(1), longestDelay: .minutes(5), forgiveness: .minutes(10)
  )
  /// Sealed requests of one network.
  public var sealedRequests = RateRule(perSecond: 50, burst: 200)
  /// Registrations from one network.
  public var registrations = RateRule(perSecond: 2, burst: 20)
  /// New connections of one network.
  public var connections = RateRule(perSecond: 100, burst: 400)

  /// For how long a network is known as one that a name's owner has come from.
  public static let acquaintance = Interval.days(30)
  /// How many of them a name may have.
  public static let networksOfName = 8
  /// How many names, and how many networks, are told apart. All tables together take 9 MB at most.
  public static let remembered = 65_536

  /// As `docs/PROTOCOL.md`, 6.4, tells the defaults.
  public init() {}
}
