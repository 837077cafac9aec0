internal import DurableFiles
internal import KeyDistribution
internal import SystemClock
public import Wire

/// The logins that this device keeps, so that nobody is asked for a passphrase while they last.
public struct KeptLogins {
  private let state: StateFolder
  private let person: any Person

  /// Those that are kept in the folder.
  public init(state: StateFolder, person: any Person) {
    self.state = state
    self.person = person
  }

  /// A login that is kept, or was until it ended, in words.
  public struct Status: Hashable, Sendable, CustomStringConvertible {
    /// Whether programs still use it.
    public let isGood: Bool
    public let description: String
  }

  /// Signs in, registering if need be, and keeps the login in the place of an earlier one.
  public func logIn(_ kdc: KDCOptions, _ options: SignInOptions) throws(ClientFailure) {
    var link = try KDCLink(to: kdc, in: state, person: person)
    var login = try SignIn(options, in: state, realm: link.realm, person: person).run(over: &link)
    DepositTaking(in: state, person: person).run(
      &login.credential, for: options.depositLifetime, over: &link)
    try cache(of: options.name, link.realm.hexadecimalID).save(login.credential)
    let span = Span(until: login.credential.end, link.clock)
    person.say("logged in as \(options.name) at \(kdc.target) until \(span.end) (\(span.length))")
  }

  /// Every login that is kept. Those that have ended are told for the last time, and removed.
  public func status() throws(ClientFailure) -> [Status] {
    let known = KnownKDCs(in: state, person: person)
    let clocks = ClockFile(in: state, person: person)
    let answered = PlaceFile(in: state, person: person)
    var all: [Status] = []
    for cache in try CredentialCache.all(in: state, person: person) {
      guard let credential = try cache.load() else { continue }
      let places = try known.targets(of: credential.realm)
      var place = places.isEmpty ? "a KDC that is not pinned" : places.joined(separator: ", ")
      if let last = try answered.place(in: credential.realm), places != [last.description] {
        place += " (of several, \(last) answered last)"
      }
      let clock = try clocks.clock(of: credential.realm)
      let span = Span(until: credential.end, clock)
      let isGood = credential.end > clock.now + CredentialCache.reserve
      let rest = isGood ? "until \(span.end) (\(span.length))" : "expired, and removed"
      if !isGood { try cache.remove(credential) }
      all.append(
        Status(
          isGood: isGood,
          description: "\(cache.name) at \(place), \(credential.realm.word), \(rest)"))
    }
    return all
  }

  /// Removes logins: all of them, or those of a name, of a KDC, or of both.
  public func logOut(
    name: PrincipalName? = nil, from target: KDCTarget? = nil
  ) throws(ClientFailure) {
    var realmID: String?
    if let target {
      guard let pin = try KnownKDCs(in: state, person: person).pin(of: target) else {
        throw ClientFailure(.other, "The KDC at \(target) is not known here.")
      }
      realmID = pin.realm.hexadecimalID
    }
    var isAny = false
    for cache in try CredentialCache.all(in: state, person: person)
    where name ?? cache.name == cache.name && realmID ?? cache.realmID == cache.realmID {
      guard try cache.remove() else { continue }
      isAny = true
      person.say("logged out \(cache.name)")
    }
    if !isAny { person.say("there was no login to end") }
  }

  private func cache(of name: PrincipalName, _ realmID: String) -> CredentialCache {
    CredentialCache(of: name, in: realmID, state: state, person: person)
  }

  /// How long a login lasts, for a person: its end by this machine's clock.
  private struct Span {
    let end: String
    let length: String

    init(until end: Timestamp, _ clock: KDCClock) {
      let rest = end.since(clock.now)
      self.end = SystemClock.localText(SystemClock.now + rest)
      let minutes = (rest + .seconds(30)).milliseconds / 60_000
      let hours = minutes / 60
      length = hours > 0 ? "\(hours) h \(minutes % 60) min" : "\(minutes) min"
    }
  }
}
