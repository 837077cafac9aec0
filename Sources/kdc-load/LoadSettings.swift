internal import KeyDistribution

/// What load to put on which KDC.
struct LoadSettings {
  let host: String
  let port: UInt16
  /// Nil trusts whoever answers.
  let expected: Realm?
  let exchange: Exchange
  let transport: LoadTransport
  /// How many requests are under way at a time.
  let concurrency: Int
  let count: Int
  /// How many users log in or ask for tickets.
  let users: Int
  let serverClock: ProcessClock?
}
