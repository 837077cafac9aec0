import Synchronization
import Wire

/// Who owns which name, as far as the clients have been told.
struct Ledger {
  private(set) var owners: [PrincipalName: Account] = [:]

  /// What may become of the first login of somebody whom the operator has written down.
  private let enrolmentOutcomes: Set<Outcome> = [.acknowledged, .unanswered, .unavailable]

  /// A user whom the operator has written down.
  mutating func enter(_ account: Account) { owners[account.name] = account }

  /// Asks a KDC about everything that the clients of the life before were told or not told, and
  /// about some older users. What is found unclaimed is claimed, and entered.
  ///
  /// - Returns: what is wrong, one sentence each.
  mutating func check(
    _ result: Load.Result, at service: Service, random: inout SeededRandom
  ) async -> [String] {
    var problems: [String] = []
    for attempt in result.registrations {
      if case .wrong(let text) = attempt.outcome {
        problems.append("\(attempt.account.name): \(text)")
      }
      guard attempt.outcome == .acknowledged else { continue }
      let earlier = owners.updateValue(attempt.account, forKey: attempt.account.name)
      if earlier != nil { problems.append("\(attempt.account.name) was acknowledged twice") }
    }
    for attempt in result.enrolments where !enrolmentOutcomes.contains(attempt.outcome) {
      problems.append("\(attempt.account.name), written by hand: \(attempt.outcome)")
    }
    let questions = questions(about: result, random: &random)
    let answers = await Self.ask(questions, at: service)
    problems += answers.compactMap(\.problem)
    if answers.count < questions.count { problems.append("the KDC does not answer") }
    let whole = answers.filter { $0.question.isOpen && $0.outcome == .acknowledged }
    for answer in whole {
      if owners.updateValue(answer.question.account, forKey: answer.question.account.name) != nil {
        problems.append("\(answer.question.account.name) has two owners")
      }
    }
    // Whoever is not there as a whole is not there at all, so that the name is free.
    let free = Set(result.registrations.map(\.account.name)).filter { owners[$0] == nil }
    let claims = free.map {
      Question(.register, Account($0), [.acknowledged], "a name that nobody owns is registered")
    }
    let claimed = await Self.ask(claims, at: service)
    problems += claimed.compactMap(\.problem)
    if claimed.count < claims.count { problems.append("the KDC does not answer") }
    for answer in claimed { enter(answer.question.account) }
    return problems
  }

  private func questions(
    about result: Load.Result, random: inout SeededRandom
  ) -> [Question] {
    var questions: [Question] = []
    // Whoever is enrolled logs in later: a login now would hide that the enrolment was lost.
    let present = Set((result.registrations + result.enrolments).map(\.account.name))
    let older = owners.values.filter { !present.contains($0.name) }
      .sorted { $0.name < $1.name }.shuffled(using: &random)
    if let account = older.first, !result.registrations.isEmpty {
      questions.append(
        Question(.register, Account(account.name), [.taken], "a name that is owned is taken"))
    }
    for attempt in result.registrations {
      let account = attempt.account
      switch attempt.outcome {
      case .acknowledged:
        questions.append(
          Question(.logIn, account, [.acknowledged], "an acknowledged user logs in"))
      case .taken,
        _ where owners[account.name] != nil:
        questions.append(
          Question(.logIn, account, [.refused], "a name that others own is no use"))
      default:
        questions.append(
          Question(
            .logIn, account, [.acknowledged, .refused],
            "an unacknowledged user is there as a whole or not at all", isOpen: true))
      }
    }
    for attempt in result.enrolments where attempt.outcome == .acknowledged {
      questions.append(
        Question(
          .logIn, attempt.account.elsewhere, [.otherIdentity], "an enrolled identity key stays"))
    }
    questions += older.prefix(12).map {
      Question(.logIn, $0, [.acknowledged], "an older user logs in")
    }
    // Those that wait for a refusal first: the KDC takes its time for it.
    return questions.filter { $0.mayTakeLong } + questions.filter { !$0.mayTakeLong }
  }

  static func ask(_ questions: [Question], at service: Service) async -> [Answer] {
    let next = Mutex(0)
    return await onThreads(min(24, questions.count)) { _ in
      var answers: [Answer] = []
      guard let client = try? RegisteringClient(service) else { return answers }
      while true {
        let number = next.withLock {
          $0 += 1
          return $0 - 1
        }
        guard number < questions.count else { return answers }
        answers.append(questions[number].ask(client))
      }
    }
  }
}
