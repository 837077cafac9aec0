internal import KeyDistribution
internal import Transport
internal import Wire

/// The requests of a load, a round at a time. Everything that is not to be measured happens here.
protocol Workload: AnyObject {
  /// Requests that have never been sent, at most `count` and at least one.
  func prepare(_ count: Int) throws(LoadFailure) -> [PreparedRequest]
}

/// Registers one new name after the other.
final class RegistrationLoad: Workload {
  private let kdc: LoadedKDC
  private let population: Population

  init(at kdc: LoadedKDC) {
    self.kdc = kdc
    population = Population(at: kdc)
  }

  func prepare(_ count: Int) throws(LoadFailure) -> [PreparedRequest] {
    try kdc.refreshEpoch()
    return try population.newUsers(count).map { user throws(LoadFailure) in
      try worded { () throws(ExchangeFailure) in try user.register(at: kdc) }
    }
  }
}

/// Logs users in, one after the other, again and again.
final class LoginLoad: Workload {
  private let kdc: LoadedKDC
  private let users: [SimulatedUser]
  private let isRefused: Bool
  private var next = 0

  /// - Parameter isRefused: whether they prove themselves with a digest that is not theirs.
  init(at kdc: LoadedKDC, users count: Int, isRefused: Bool = false) throws(LoadFailure) {
    self.kdc = kdc
    self.isRefused = isRefused
    users = try Population(at: kdc).registered(count)
  }

  func prepare(_ count: Int) throws(LoadFailure) -> [PreparedRequest] {
    try kdc.refreshEpoch()
    return try (0..<count).map { _ throws(LoadFailure) in
      defer { next = (next + 1) % users.count }
      return try worded { () throws(ExchangeFailure) in
        let user = users[next]
        return try isRefused ? user.logInInVain(at: kdc) : user.logIn(at: kdc)
      }
    }
  }
}

/// Every user asks for a key to speak with the next one, who receives.
final class TicketLoad: Workload {
  private let kdc: LoadedKDC
  private let population: Population
  private let users: [SimulatedUser]
  private var next = 0
  private var announcementIsDue = Deadline.after(.milliseconds(0))

  /// As often as a receiver does.
  private static let announcementInterval = Interval.seconds(60)

  /// - Parameter count: at least 2.
  init(at kdc: LoadedKDC, users count: Int) throws(LoadFailure) {
    self.kdc = kdc
    population = Population(at: kdc)
    users = try population.loggedIn(count)
  }

  func prepare(_ count: Int) throws(LoadFailure) -> [PreparedRequest] {
    if announcementIsDue.hasPassed {
      announcementIsDue = .after(Self.announcementInterval)
      try population.announce(users)
    }
    return try (0..<count).map { _ throws(LoadFailure) in
      let user = users[next]
      next = (next + 1) % users.count
      return try worded { () throws(ExchangeFailure) in
        try user.askForTicket(for: users[next].name, at: kdc)
      }
    }
  }
}

/// Every user says where it receives, again and again.
final class AnnouncementLoad: Workload {
  private let kdc: LoadedKDC
  private let users: [SimulatedUser]
  private var next = 0

  init(at kdc: LoadedKDC, users count: Int) throws(LoadFailure) {
    self.kdc = kdc
    users = try Population(at: kdc).loggedIn(count)
  }

  func prepare(_ count: Int) throws(LoadFailure) -> [PreparedRequest] {
    try (0..<count).map { _ throws(LoadFailure) in
      defer { next = (next + 1) % users.count }
      return try worded { () throws(ExchangeFailure) in try users[next].announce(at: kdc) }
    }
  }
}

/// Runs `body` and tells what went wrong as a sentence.
func worded<Value>(
  _ body: () throws(ExchangeFailure) -> Value
) throws(LoadFailure) -> Value {
  do { return try body() } catch { throw LoadFailure(error) }
}
