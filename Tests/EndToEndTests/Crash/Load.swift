import Synchronization
import Wire

/// Clients that register at the same time, until their KDC has gone or each has had its share.
struct Load: Sendable {
  /// What all names begin with.
  let prefix: String
  var threads = 12
  var attemptsPerThread = 5
  /// How many of the threads claim one and the same name first.
  var contenders = 4
  /// Users whom an operator has written down by hand: their first login enrols them.
  var newcomers: [Account] = []
  /// Told how many registrations have been acknowledged, each time.
  var acknowledged: @Sendable (_ count: Int) -> Void = { _ in }

  struct Result: Sendable {
    var registrations: [Attempt] = []
    var enrolments: [Attempt] = []

    /// Whether the KDC went before the clients had had enough.
    var isCutShort: Bool {
      (registrations + enrolments).contains { $0.outcome == .unanswered }
    }

    func outcomes(_ outcome: Outcome) -> [Attempt] {
      registrations.filter { $0.outcome == outcome }
    }
  }

  func run(against service: Service) async -> Result {
    let count = Mutex(0)
    let results = await onThreads(threads) { number in
      [
        work(
          number, service,
          count: {
            count.withLock {
              $0 += 1
              return $0
            }
          })
      ]
    }
    return results.reduce(into: Result()) {
      $0.registrations += $1.registrations
      $0.enrolments += $1.enrolments
    }
  }

  private func work(_ number: Int, _ service: Service, count: () -> Int) -> Result {
    var result = Result()
    guard let client = try? RegisteringClient(service) else { return result }
    for account in number == 0 ? newcomers : [] {
      result.enrolments.append(Attempt(account: account, outcome: client.logIn(account)))
    }
    for name in names(of: number) {
      let account = Account(name)
      let outcome = client.register(account)
      result.registrations.append(Attempt(account: account, outcome: outcome))
      if outcome == .acknowledged { acknowledged(count()) }
      if outcome == .unanswered { break }
    }
    return result
  }

  private func names(of number: Int) -> [PrincipalName] {
    var names = (0..<attemptsPerThread).map { "\(prefix).\(number).\($0)" }
    if number < contenders { names.insert("\(prefix).contested", at: 0) }
    return names.compactMap { PrincipalName($0) }
  }
}
