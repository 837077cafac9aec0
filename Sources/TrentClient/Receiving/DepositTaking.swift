internal import Cryptography
internal import DurableFiles
internal import KeyDistribution
internal import SystemClock
internal import Wire

/// Makes a login one that opens deposits. Its keys are on the disk before the KDC is told of it
/// (B1), or else there might be deposits that nobody can open.
struct DepositTaking {
  private let state: StateFolder
  private let person: any Person

  init(in state: StateFolder, person: any Person) {
    self.state = state
    self.person = person
  }

  /// For a login that is fresh, over the connection that it was made with. What goes wrong costs
  /// what might have been deposited for it, not the login: the person is told.
  ///
  /// - Parameter lifetime: how long deposits for it may wait; nil: it takes none, and what is over
  ///   is erased all the same.
  func run(
    _ credential: inout Credential, for lifetime: Interval?, over link: inout KDCLink
  ) {
    let name = credential.name
    guard lifetime != nil else {
      return DepositKeyFiles(of: name, in: credential.realm, state: state, person: person)
        .eraseExpired(by: link.clock)
    }
    do throws(KDCFailure) {
      let until = try take(&credential, over: &link, by: .stream)
      person.explain("deposits for \(name) may wait until \(Self.text(until, link.clock))")
    } catch {
      person.say(Self.sentence(about: error, name, link.target))
    }
  }

  static func sentence(
    about failure: KDCFailure, _ name: PrincipalName, _ target: KDCTarget
  ) -> String {
    if case .exchange(.superseded) = failure {
      return "another login of \(name) that came later takes deposits now: this one takes none"
    }
    return "this login of \(name) takes no deposits, since the KDC could not be told of it: "
      + failure.failure(at: target).description
  }

  /// The same where it matters to the caller: steps B1 to B3, also for a login that has been told
  /// of before.
  ///
  /// - Returns: until when deposits may come, in KDC time.
  /// - Throws: `superseded` when a later login takes deposits.
  func take(
    _ credential: inout Credential, over link: inout KDCLink, by way: KDCLink.Way
  ) throws(KDCFailure) -> Timestamp {
    let clocks = PeerTrust.Clocks(kdc: link.clock.now, own: SystemClock.now)
    return try take(&credential, at: clocks) { (credential, mailbox) throws(KDCFailure) in
      try link.takeDeposits(with: &credential, mailbox: mailbox, by: way)
    }
  }

  /// - Parameter tell: tells the KDC, and of the home mailbox.
  func take(
    _ credential: inout Credential, at clocks: PeerTrust.Clocks,
    _ tell: (inout Credential, PrincipalName?) throws(KDCFailure) -> Timestamp
  ) throws(KDCFailure) -> Timestamp {
    let mailbox: PrincipalName?
    do throws(ClientFailure) {
      mailbox = try prepare(credential, at: clocks)
    } catch {
      throw .client(error)
    }
    return try tell(&credential, mailbox)
  }

  /// Erases what is over, and saves the keys of this login.
  ///
  /// - Returns: the home mailbox of the user, on this device.
  private func prepare(
    _ credential: borrowing Credential, at clocks: PeerTrust.Clocks
  ) throws(ClientFailure) -> PrincipalName? {
    let (name, realm) = (credential.name, credential.realm)
    let files = DepositKeyFiles(of: name, in: realm, state: state, person: person)
    try files.eraseExpired(at: clocks)
    switch credential.depositStorageKey {
    case .some(let storageKey): try files.save(DepositKeys(of: credential), under: storageKey)
    case .none:
      throw ClientFailure(
        .authenticationRefused,
        "The login of \(name) is one that an older version of this program kept, which takes no "
          + "deposits. Log in again: client login -n \(name)")
    }
    return try HomeMailbox(of: name, in: realm, state: state).load()
  }

  /// A moment of KDC time by this machine's clock, for a person.
  static func text(_ moment: Timestamp, _ clock: KDCClock) -> String {
    SystemClock.localText(SystemClock.now + moment.since(clock.now))
  }
}
