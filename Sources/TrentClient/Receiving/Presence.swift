internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// Keeps the KDC told that this login receives, and where: every minute, and sooner while the KDC
/// does not answer. A login that ends is renewed, or, when it is one that the device keeps,
/// replaced by one that has been made since.
struct Presence: ~Copyable {
  private static let refreshInterval = Interval.seconds(60)
  private static let retryInterval = Interval.seconds(5)
  /// A refreshment in between must not keep senders waiting.
  private static let patience = Interval.seconds(3)
  /// A login that ends sooner is renewed before it does.
  private static let loginReserve = Interval.minutes(2)

  private let port: UInt16
  private let extra: [NetworkAddress]
  private let signOn: SignOn
  /// What is served; nil: files for oneself are received.
  private let service: ServiceKind?
  /// Whether to go on whatever happens, unless the KDC says that this login is over.
  private let staysOn: Bool
  private let person: any Person
  private var isAnswered = true
  /// When to tell the KDC next.
  private(set) var due = Deadline.after(.milliseconds(0))

  /// - Parameter extra: addresses to announce before those of this machine's interfaces.
  init(
    port: UInt16, extra: [NetworkAddress], _ signOn: SignOn, service: ServiceKind? = nil,
    staysOn: Bool, person: any Person
  ) {
    self.port = port
    self.extra = extra
    self.signOn = signOn
    self.service = service
    self.staysOn = staysOn
    self.person = person
  }

  /// The first announcement: there is no receiving without it.
  mutating func begin(_ login: inout Login, over link: inout KDCLink) throws(ClientFailure) {
    do {
      try announce(&login, over: &link, patience: KDCLink.patience, asking: true)
    } catch {
      throw failure(error, of: login.credential.name, at: link.target)
    }
    due = .after(Self.refreshInterval)
  }

  /// Tells the KDC again. That it does not answer is said once, and that it does again, too.
  mutating func refresh(_ login: inout Login, over link: inout KDCLink) throws(ClientFailure) {
    do throws(KDCFailure) {
      if login.credential.end <= link.clock.now + Self.loginReserve {
        try signOn.renew(&login, over: &link)
      }
      // Nobody may be there to be asked, and senders wait meanwhile.
      try announce(&login, over: &link, patience: Self.patience, asking: false)
      if !isAnswered { person.say("the KDC answers again") }
      isAnswered = true
      due = .after(Self.refreshInterval)
    } catch {
      let failure = failure(error, of: login.credential.name, at: link.target)
      guard error.isPassing || staysOn && !Self.isFinal(error) else { throw failure }
      if isAnswered {
        person.say(error.isPassing ? "the KDC does not answer; trying on" : "\(failure) Trying on.")
      }
      isAnswered = false
      due = .after(Self.retryInterval)
    }
  }

  /// Tells the KDC that this login no longer receives. Nothing depends on it: it forgets by itself.
  func end(_ login: inout Login, over link: inout KDCLink) {
    var random = SystemRandom()
    do throws(KDCFailure) {
      _ = try link.grant(
        patience: Self.patience,
        { now in login.credential.withdraw(at: now, random: &random) },
        { (next: borrowing ExpectWithdrawal, message) throws(ExchangeFailure) in
          try next.receive(message.bytes)
        })
    } catch {
      person.explain("the KDC could not be told that this receiver ends: \(error)")
    }
  }

  /// Steps A1 to A3.
  private func announce(
    _ login: inout Login, over link: inout KDCLink, patience: Interval, asking: Bool
  ) throws(KDCFailure) {
    do throws(KDCFailure) {
      try announceOnce(&login, over: &link, patience: patience)
    } catch {
      try signOn.recover(&login, from: error, over: &link, asking: asking)
      try announceOnce(&login, over: &link, patience: patience)
    }
  }

  private func announceOnce(
    _ login: inout Login, over link: inout KDCLink, patience: Interval
  ) throws(KDCFailure) {
    let addresses = extra + ((try? InterfaceAddresses.current(port: port)) ?? [])
    var random = SystemRandom()
    let granted = try link.grant(
      patience: patience,
      { now in
        login.credential.announce(
          port: port, addresses: addresses, service: service, at: now, random: &random)
      },
      { (next: borrowing ExpectAnnouncement, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    link.setClock(to: granted.time)
    login.credential.renew(with: granted.renewal)
  }

  /// Whether it is over with this login, by the KDC's own word, and there is no other one. Anything
  /// else may be the doing of somebody on the way, or of a KDC that is being put right.
  private static func isFinal(_ failure: KDCFailure) -> Bool {
    switch failure {
    case .exchange(.superseded): true
    case .client(let failure):
      failure.exitCode == ExitStatus.authenticationRefused.rawValue && !failure.isPassing
    case .exchange, .transport: false
    }
  }

  private func failure(
    _ failure: KDCFailure, of name: PrincipalName, at target: KDCTarget
  ) -> ClientFailure {
    guard case .exchange(.superseded) = failure else { return failure.failure(at: target) }
    return ClientFailure(.other, "another login of \(name) receives now")
  }
}
