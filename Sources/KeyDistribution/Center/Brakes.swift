internal import Synchronization
public import Wire

/// What slows down who guesses secrets, and who asks for too much (PROTOCOL.md, 6.4).
///
/// Wrong proofs count for the name and for the source. The name's owner goes a way of its own: from
/// a network that has proven the name lately, or with a login key that the identity key has signed
/// just now, what strangers have done does not count. A key request under a ticket-granting ticket
/// costs nothing here: it is not looked at.
public final class Brakes: Sendable {
  /// A proof that may be looked at. It counts as a wrong one until `succeed` is told.
  struct Admission {
    fileprivate var name: BackOff.Charge?
    fileprivate var source: BackOff.Charge?
    fileprivate var owner: BackOff.Charge?
  }

  private struct State {
    var policy: BrakePolicy
    var names = BackOff(capacity: BrakePolicy.remembered)
    var sources = BackOff(capacity: BrakePolicy.remembered / 4)
    /// By name and network, or by name and signature.
    var owners = BackOff(capacity: BrakePolicy.remembered / 2)
    var known = KnownNetworks(
      names: BrakePolicy.remembered, networksOfEach: BrakePolicy.networksOfName,
      lifetime: BrakePolicy.acquaintance)
    var sealedRequests = RateLimits(capacity: BrakePolicy.remembered / 4)
    var registrations = RateLimits(capacity: BrakePolicy.remembered / 4)
    var connections = RateLimits(capacity: BrakePolicy.remembered / 4)
    var told = RateLimits(capacity: 1)
    var counts = BrakeCounts()
  }

  private let state: Mutex<State>
  /// How many of the refusals for haste get a line in the log: a flood must not fill the disk.
  private static let telling = RateRule(perSecond: 1, burst: 10)

  init(_ policy: BrakePolicy) { state = Mutex(State(policy: policy)) }

  /// Takes other numbers from now on. What has been counted stays.
  public func adopt(_ policy: BrakePolicy) { state.withLock { $0.policy = policy } }

  // MARK: Haste

  /// Whether a connection that has just come may stay.
  public func admitConnection(from source: NetworkAddress, at now: Timestamp) -> Bool {
    let key = Self.key(source)
    return state.withLock { state in
      guard state.connections.take(key, at: now, state.policy.connections) != nil else {
        return true
      }
      state.counts.connectionsRefused += 1
      return false
    }
  }

  /// - Returns: how long the source has to wait; nil if the request is to be opened.
  func waitForSealedRequest(from source: NetworkAddress, at now: Timestamp) -> Interval? {
    let key = Self.key(source)
    return state.withLock { state in
      let wait = state.sealedRequests.take(key, at: now, state.policy.sealedRequests)
      if wait != nil { state.counts.requestsRefused += 1 }
      return wait
    }
  }

  func waitForRegistration(from source: NetworkAddress, at now: Timestamp) -> Interval? {
    let key = Self.key(source)
    return state.withLock { state in
      let wait = state.registrations.take(key, at: now, state.policy.registrations)
      if wait != nil { state.counts.registrationsRefused += 1 }
      return wait
    }
  }

  /// Whether one more refusal for haste is worth a line.
  func mayTell(at now: Timestamp) -> Bool {
    state.withLock { $0.told.take(1, at: now, Self.telling) == nil }
  }

  // MARK: Wrong proofs

  enum Verdict {
    case admitted(Admission)
    case wait(Interval)
  }

  /// Decides whether the proof of a name is looked at. The same for names that exist and others.
  ///
  /// - Parameter isSigned: whether the owner's identity key has signed the request just now. Asked
  ///   only when the brake would stop it.
  func admit(
    _ name: PrincipalName, from source: NetworkAddress, at now: Timestamp, isSigned: () -> Bool
  ) -> Verdict {
    let known = Self.key(name, source)
    let wait = state.withLock { state -> (Admission?, Interval) in
      let rule = state.policy.name
      if state.known.contains(Self.key(source), of: Self.key(name), at: now) {
        guard let wait = state.owners.wait(of: known, at: now, rule) else {
          return (Admission(owner: state.owners.charge(known, at: now, rule)), .seconds(0))
        }
        return (nil, wait)
      }
      let waits = [
        state.names.wait(of: Self.key(name), at: now, rule),
        state.sources.wait(of: Self.key(source), at: now, state.policy.source),
      ]
      if let wait = waits.compactMap(\.self).max() { return (nil, wait) }
      return (
        Admission(
          name: state.names.charge(Self.key(name), at: now, rule),
          source: state.sources.charge(Self.key(source), at: now, state.policy.source)),
        .seconds(0)
      )
    }
    if let admission = wait.0 { return .admitted(admission) }
    // Not while the table is locked: a signature takes its time.
    if isSigned(), let admission = admitSigned(name, at: now) { return .admitted(admission) }
    state.withLock { $0.counts.proofsRefused += 1 }
    return .wait(wait.1)
  }

  /// A peer may have seen the signature of a login key, and use it as long as it is fresh: so these
  /// are counted, too, on their own.
  private func admitSigned(_ name: PrincipalName, at now: Timestamp) -> Admission? {
    let key = Self.key(name, nil)
    return state.withLock { state in
      let rule = state.policy.name
      guard state.owners.wait(of: key, at: now, rule) == nil else { return nil }
      return Admission(owner: state.owners.charge(key, at: now, rule))
    }
  }

  /// The proof was right and is no copy of an earlier one.
  func succeed(
    _ admission: Admission, _ name: PrincipalName, from source: NetworkAddress, at now: Timestamp
  ) {
    state.withLock { state in
      if let charge = admission.name { state.names.refund(charge) }
      if let charge = admission.source { state.sources.refund(charge) }
      if let charge = admission.owner { state.owners.refund(charge) }
      state.known.insert(Self.key(source), of: Self.key(name), at: now)
    }
  }

  /// A wrong proof that another KDC of the realm has seen counts like one that came here.
  public func countWrongProof(
    of name: PrincipalName, from source: NetworkAddress, at time: Timestamp
  ) {
    state.withLock { state in
      let rule = state.policy.name
      if state.known.contains(Self.key(source), of: Self.key(name), at: time) {
        _ = state.owners.charge(Self.key(name, source), at: time, rule)
        return
      }
      _ = state.names.charge(Self.key(name), at: time, rule)
      _ = state.sources.charge(Self.key(source), at: time, state.policy.source)
    }
  }

  // MARK: For the operator

  /// How much was refused since the process began, and who has to wait now.
  public func counts(at now: Timestamp) -> BrakeCounts {
    state.withLock { state in
      var counts = state.counts
      counts.namesWaiting = state.names.countWaiting(at: now, state.policy.name)
      counts.sourcesWaiting = state.sources.countWaiting(at: now, state.policy.source)
      return counts
    }
  }

  // MARK: Keys

  // Hashed with the process's random seed: nobody can choose names that meet in one place.

  private static func key(_ name: PrincipalName) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(name)
    return finish(hasher)
  }

  private static func key(_ source: NetworkAddress) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(source.isIPv4)
    hasher.combine(source.networkNumber)
    return finish(hasher)
  }

  private static func key(_ name: PrincipalName, _ source: NetworkAddress?) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(name)
    hasher.combine(source.map(key))
    return finish(hasher)
  }

  /// Not 0, which stands for no key.
  private static func finish(_ hasher: Hasher) -> UInt64 {
    UInt64(truncatingIfNeeded: hasher.finalize()) | 1
  }
}

/// What the brakes have done since the start, and whom they hold now.
public struct BrakeCounts: Hashable, Sendable {
  /// Connections too many of a source.
  public var connectionsRefused = 0
  /// Sealed requests too many of a source.
  public var requestsRefused = 0
  /// Registrations too many of a source.
  public var registrationsRefused = 0
  /// Proofs that were not looked at.
  public var proofsRefused = 0
  /// Names of which no proof is looked at now.
  public var namesWaiting = 0
  /// Sources of which no proof is looked at now.
  public var sourcesWaiting = 0
}
