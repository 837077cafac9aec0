public import Cryptography
public import SecretMemory
internal import Synchronization
public import Wire

/// The KDC as a machine: messages, records, time and randomness go in, replies, changes and events
/// come out. It does no I/O and may be called from several threads.
///
/// A request takes up to three calls: `receive` verifies what it can and names the records that it
/// needs, `resume` decides, and `finish` answers once a change is durable.
public final class KeyDistributionCenter: Sendable {
  /// The realm's keys.
  public let keys: RealmKeys
  /// The brakes, which have a lock of their own.
  public let brakes: Brakes
  let policy: CenterPolicy
  /// When this process began. What was asked before then may have been served by the one before it,
  /// whose memory of requests is gone.
  let started: Timestamp
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var ratchet: TicketGrantingRatchet
    var epochs = EpochKeyring()
    var requests: ReplayCache
    var probes: ProbeSlots
    var registration: RegistrationPolicy
    var lastLogin = Timestamp(milliseconds: 0)
  }

  /// - Parameter material: the secrets of `kdc.key`; the first `maintain` brings the ratchet from
  ///   there to the present.
  public init(_ material: borrowing KDCKeyMaterial, policy: CenterPolicy, now: Timestamp) {
    keys = RealmKeys(material)
    self.policy = policy
    brakes = Brakes(policy.brakes)
    started = now
    let ratchet = TicketGrantingRatchet(
      period: UInt32(clamping: material.ratchetPeriod), chain: material.ratchetKey,
      realm: keys.realm,
      longestLogin: policy.longestLogin)
    let requests = ReplayCache(
      window: policy.requestTolerance + policy.requestTolerance,
      limit: policy.rememberedRequests, now: now)
    state = Mutex(
      State(
        ratchet: ratchet, requests: requests, probes: ProbeSlots(policy),
        registration: policy.registration))
  }

  /// Takes over what may change while a KDC runs: who may register, and the brakes.
  public func adopt(_ policy: CenterPolicy) {
    state.withLock { $0.registration = policy.registration }
    brakes.adopt(policy.brakes)
  }

  var registrationPolicy: RegistrationPolicy { state.withLock { $0.registration } }

  // MARK: What goes on by the clock

  /// Makes and erases keys as time goes by; to be called before the first request and then every
  /// few seconds.
  ///
  /// - Returns: whether `kdc.key` has to be written anew, with what `ratchetState` gives.
  public func maintain(at now: Timestamp, random: inout some RandomSource) -> Bool {
    _ = newestEpoch(at: now, random: &random)
    keys.ticketKeys.expire(at: now)
    keys.userKeys.expire(at: now)
    return state.withLock { state in
      state.epochs.expire(at: now)
      return state.ratchet.advance(to: now)
    }
  }

  /// Calls `body` with the ratchet's oldest living hour and its chain key (32 bytes).
  public func withRatchetState<Failure: Error>(
    _ body: (UInt32, borrowing SecretBytes) throws(Failure) -> Void
  ) throws(Failure) {
    var period: UInt32 = 0
    let chain = state.withLock { state in
      period = state.ratchet.basePeriod
      return state.ratchet.chainKey()
    }
    try body(period, chain)
  }

  /// When the epoch key that is announced now was made; nil before the first one.
  public var epochKeyMade: Timestamp? { state.withLock { $0.epochs.newest?.notBefore } }

  /// The newest epoch, made now if it is due. Nil if the key cannot be made.
  private func newestEpoch(at now: Timestamp, random: inout some RandomSource) -> Epoch? {
    let realm = keys.realm
    let (newest, isDue) = state.withLock { state in
      (state.epochs.newest, state.epochs.isDue(at: now, policy: policy, for: realm))
    }
    guard isDue else { return newest }
    let seed = random.secret(32)
    guard let next = try? Epoch(seed: seed, keys: keys, policy: policy, now: now) else {
      return newest
    }
    // Another thread may have made one meanwhile: then that one counts.
    return state.withLock { state in
      if state.epochs.isDue(at: now, policy: policy, for: next.realm) {
        state.epochs.add(next, policy: policy)
      }
      return state.epochs.newest
    }
  }

  // MARK: Shared tables

  func epoch(id: [UInt8], at now: Timestamp) -> Epoch? {
    state.withLock { $0.epochs.epoch(id: id, at: now) }
  }

  func currentTicketGrantingKey(at now: Timestamp) -> TicketGrantingKey {
    state.withLock { $0.ratchet.current(at: now) }
  }

  func ticketGrantingKey(for period: UInt32) -> TicketGrantingKey? {
    state.withLock { $0.ratchet.key(for: period) }
  }

  func remember(_ tag: ReplayTag, at now: Timestamp) -> ReplayCache.Verdict {
    state.withLock { $0.requests.insert(tag, at: now) }
  }

  func withProbes<Value>(_ body: (inout ProbeSlots) -> Value) -> Value {
    state.withLock { body(&$0.probes) }
  }

  /// The time of a login that is granted now: later than every one before it, so that of two logins
  /// the newer is known.
  func nextLoginTime(at now: Timestamp) -> Timestamp {
    state.withLock { state in
      state.lastLogin = max(now, state.lastLogin + .milliseconds(1))
      return state.lastLogin
    }
  }

  // MARK: Requests

  /// The first byte of every message.
  public static var protocolVersion: UInt8 { MessageType.protocolVersion }

  /// What may be asked of a KDC.
  public enum Request: Sendable {
    /// What a client asks, by the type of its message.
    case epochKey, sealed, granting
  }

  /// What a message calls itself; nil for what is no request. Nothing is verified.
  public static func request(in message: RawSpan) -> Request? {
    var reader = ByteReader(message)
    return switch try? reader.messageType() {
    case .epochRequest: .epochKey
    case .sealedRequest: .sealed
    case .grantingRequest: .granting
    case .epochReply, .sealedReply, .grantingReply, .failure, nil: nil
    }
  }

  /// The longest message that is looked at. The longest there is, a registration, has 1406 bytes.
  private static let messageLimit = 4096

  /// Takes a message that has arrived.
  ///
  /// - Parameter isDatagram: datagrams are answered only when they carry a verified granting
  ///   request, so that nobody can use the KDC to amplify.
  public func receive(
    _ message: RawSpan, from source: NetworkAddress, isDatagram: Bool, at now: Timestamp,
    random: inout some RandomSource
  ) -> CenterStep {
    do {
      guard message.byteCount <= Self.messageLimit else { throw WireError.invalid("length") }
      var reader = ByteReader(message)
      switch try reader.messageType() {
      case .epochRequest where !isDatagram:
        try reader.finish()
        guard let epoch = newestEpoch(at: now, random: &random) else {
          return .answer(.failure(.busy, .internalFailure, source: source))
        }
        return .answer(CenterAnswer(epoch.announcement))
      case .sealedRequest where !isDatagram:
        return try receiveSealed(&reader, from: source, at: now, random: &random)
      case .grantingRequest:
        return try receiveGranting(
          &reader, message: message, from: source, isDatagram: isDatagram, at: now,
          random: &random)
      case .epochRequest, .sealedRequest, .epochReply, .sealedReply, .grantingReply, .failure:
        return .answer(CenterAnswer(nil))
      }
    } catch {
      return .answer(.failure(.malformed, .malformed, source: source, isSilent: isDatagram))
    }
  }

  /// Goes on with a request whose records are here.
  public func resume(
    _ pending: PendingRequest, with records: Records, at now: Timestamp,
    random: inout some RandomSource
  ) -> CenterDecision {
    guard let request = pending.take() else { return .answer(CenterAnswer(nil)) }
    switch consume request {
    case .salt(let context, let request):
      return .answer(
        answerSalt(request, user: records.users[request.name], in: context, at: now, &random))
    case .registration(let registration):
      return decide(registration, records: records, at: now, &random)
    case .login(let login):
      return decide(login, records: records, at: now, &random)
    case .change(let change):
      return decide(change, records: records, at: now, &random)
    case .granting(let granting):
      return decide(granting, records: records, at: now, &random)
    }
  }

  /// Answers a request whose change was made, or not.
  public func finish(
    _ pending: PendingChange, outcome: ChangeOutcome, at now: Timestamp,
    random: inout some RandomSource
  ) -> CenterAnswer {
    guard let change = pending.take() else { return CenterAnswer(nil) }
    switch consume change {
    case .registration(let registration):
      return finish(registration, outcome: outcome, at: now, &random)
    case .enrolment(let login, let user):
      return finish(login, user: user, outcome: outcome, at: now, &random)
    case .secret(let change):
      return finish(change, outcome: outcome, at: now, &random)
    case .presence(let granting, let presence):
      return finish(granting, presence: presence, outcome: outcome, at: now, &random)
    case .deposits(let granting, let record, let isNew):
      return finish(
        granting, deposits: record, isNew: isNew, outcome: outcome, at: now, &random)
    }
  }

  /// Answers a request for which a connection was tried.
  public func finish(
    _ pending: PendingProbe, isReached: Bool, at now: Timestamp,
    random: inout some RandomSource
  ) -> CenterAnswer {
    guard let granting = pending.take() else { return CenterAnswer(nil) }
    return finish(granting, isReached: isReached, at: now, &random)
  }

  /// The answer to a request whose records could not be had: an honest "try again".
  public func giveUp(
    _ pending: PendingRequest, at now: Timestamp, random: inout some RandomSource
  ) -> CenterAnswer {
    guard let request = pending.take() else { return CenterAnswer(nil) }
    switch consume request {
    case .salt(let context, let request):
      return unavailable(in: context, name: request.name, at: now, &random)
    case .registration(let registration):
      return unavailable(
        in: registration.context, name: registration.request.name, at: now, &random)
    case .login(let login):
      return unavailable(in: login.context, name: login.request.name, at: now, &random)
    case .change(let change):
      return unavailable(in: change.context, name: change.request.name, at: now, &random)
    case .granting(let granting):
      return granting.answer(
        .unavailable, reason: .unavailable, from: self, at: now, random: &random)
    }
  }
}

/// A request that has been verified as far as that goes without records.
enum VerifiedRequest: ~Copyable, Sendable {
  case salt(SealedContext, SaltRequest)
  case registration(PendingRegistration)
  case login(PendingLogin)
  case change(PendingSecretChange)
  case granting(PendingGranting)
}

/// A request that is granted if its change can be made.
enum DecidedChange: ~Copyable, Sendable {
  case registration(PendingRegistration)
  case enrolment(PendingLogin, UserRecord)
  case secret(VerifiedSecretChange)
  case presence(PendingGranting, PresenceChange)
  case deposits(PendingGranting, DepositRecord, isNew: Bool)
}

extension CenterAnswer {
  /// A failure in the clear, or silence, with the reason for the log.
  static func failure(
    _ code: FailureCode, _ reason: CenterEvent.Reason, name: PrincipalName? = nil,
    source: NetworkAddress, isSilent: Bool = false
  ) -> CenterAnswer {
    CenterAnswer(
      isSilent ? nil : ByteWriter.failure(code),
      event: CenterEvent(.refused(reason), name: name, source: source))
  }
}
