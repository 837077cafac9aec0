/// What a KDC is asked after its restart, and what it may say.
struct Question: Sendable {
  enum Kind: Sendable { case register, logIn }

  let kind: Kind
  let account: Account
  private let accepted: Set<Outcome>
  /// What is claimed.
  private let claim: String
  /// Whether the KDC alone knows the answer.
  let isOpen: Bool

  init(
    _ kind: Kind, _ account: Account, _ accepted: Set<Outcome>, _ claim: String,
    isOpen: Bool = false
  ) {
    self.kind = kind
    self.account = account
    self.accepted = accepted
    self.claim = claim
    self.isOpen = isOpen
  }

  /// Whether the answer may be one of those that the KDC delays.
  var mayTakeLong: Bool { accepted.contains(.refused) || accepted.contains(.taken) }

  func ask(_ client: borrowing RegisteringClient) -> Answer {
    let outcome = kind == .register ? client.register(account) : client.logIn(account)
    let problem = "\(account.name): \(claim)? \(outcome)"
    return Answer(
      question: self, outcome: outcome, problem: accepted.contains(outcome) ? nil : problem)
  }
}

struct Answer: Sendable {
  let question: Question
  let outcome: Outcome
  let problem: String?
}
