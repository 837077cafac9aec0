internal import Cryptography
internal import KeyDistribution
internal import Transport
internal import Wire

/// The users that a load is made of, under names that no other run has.
final class Population {
  private let kdc: LoadedKDC
  private let run: String
  private var count = 0

  /// How many exchanges are prepared and made at a time.
  private static let batch = 1024

  init(at kdc: LoadedKDC) {
    self.kdc = kdc
    var random = SystemRandom()
    run = Base32.encode(random.bytes(5))
  }

  /// Users that exist nowhere yet, and know how their digests would be made.
  func newUsers(_ count: Int) throws(LoadFailure) -> [SimulatedUser] {
    var users: [SimulatedUser] = []
    for _ in 0..<count {
      guard let name = PrincipalName("load-\(run)-\(self.count)") else { break }
      self.count += 1
      users.append(SimulatedUser(name: name))
    }
    try all(users) { user throws(ExchangeFailure) in try user.askForSalt(at: self.kdc) }
    return users
  }

  func registered(_ count: Int) throws(LoadFailure) -> [SimulatedUser] {
    let users = try newUsers(count)
    try all(users) { user throws(ExchangeFailure) in try user.register(at: self.kdc) }
    return users
  }

  func loggedIn(_ count: Int) throws(LoadFailure) -> [SimulatedUser] {
    let users = try registered(count)
    try all(users) { user throws(ExchangeFailure) in try user.logIn(at: self.kdc) }
    return users
  }

  /// All of them receive, for three minutes from now on.
  func announce(_ users: [SimulatedUser]) throws(LoadFailure) {
    try all(users) { user throws(ExchangeFailure) in try user.announce(at: self.kdc) }
  }

  private func all(
    _ users: [SimulatedUser],
    _ ask: (SimulatedUser) throws(ExchangeFailure) -> PreparedRequest
  ) throws(LoadFailure) {
    for start in stride(from: 0, to: users.count, by: Self.batch) {
      var requests: [PreparedRequest] = []
      for user in users[start..<min(start + Self.batch, users.count)] {
        requests.append(try worded { () throws(ExchangeFailure) in try ask(user) })
      }
      try kdc.exchange(requests)
    }
  }
}
