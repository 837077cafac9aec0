import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A KDC whose secrets, randomness and records are on a tape.
final class TapeCenter {
  let tape: Tape
  let center: KeyDistributionCenter
  /// Sections `user` and `presence` fill it.
  var directory = MemoryDirectory()
  /// What comes of a connection that the KDC tries.
  var isReached = true
  /// What the last message came to.
  private(set) var last = Handled(message: nil, refusedAt: nil)
  private(set) var lastRequest: [UInt8] = []
  /// The epoch key's seed is known, so its private half is too.
  private(set) var epochKey: EpochKey?

  struct Handled {
    let message: [UInt8]?
    /// The step of PROTOCOL.md at which the message was refused; nil if it was granted.
    let refusedAt: String?
  }

  var keys: RealmKeys { center.keys }
  var realm: Realm { center.keys.realm }

  /// Section `kdc`: what `kdc.key` holds, the same in every recording.
  init(_ tape: Tape, policy: CenterPolicy = CenterPolicy(), now: Timestamp = World.start) throws {
    self.tape = tape
    try tape.begin("kdc")
    func key(_ name: String) throws -> SecretBytes {
      secret(try tape.given(name, World.bytes("kdc \(name)", 32)))
    }
    let hour = UInt32(clamping: World.start.milliseconds / Interval.hours(1).milliseconds)
    let material = KDCKeyMaterial(
      identitySeed: try key("identity-seed"), storageKey: try key("storage-key"),
      saltKey: try key("salt-key"),
      ratchetPeriod: UInt64(try tape.number("ratchet-period", hour)),
      ratchetKey: try key("ratchet-key"))
    center = KeyDistributionCenter(material, policy: policy, now: try tape.time("time", now))
    try tape.check("identity", center.keys.realm.identity.bytes)
    try tape.check("realm", center.keys.realm.id)
  }

  /// Section `epoch`: an epoch key out of a recorded seed.
  @discardableResult
  func makeEpoch(at now: Timestamp = World.start) throws -> VerifiedEpoch {
    try tape.begin("epoch")
    let now = try tape.time("time", now)
    let seed = try tape.drawn("seed", EpochKey.seedByteCount)
    epochKey = try EpochKey(seed: secret(seed))
    var random = FixedRandom(seed)
    _ = center.maintain(at: now, random: &random)
    guard
      case .answer(let answer) = center.receive(
        AnnouncedEpoch.request.bytes, from: try source(World.source()), isDatagram: false, at: now,
        random: &random), let announcement = answer.message
    else { throw TranscriptProblem("no epoch key") }
    return try AnnouncedEpoch(announcement.bytes).accept(pinned: realm, at: .kdcClock(now))
  }

  /// Section `exchange`: a message, what the KDC draws for it, and its answer.
  ///
  /// - Parameters:
  ///   - draws: names of what is drawn, in that order.
  ///   - outcome: what the store says instead of what it should.
  ///   - request: makes the message while recording.
  @discardableResult
  func exchange(
    _ title: String, over link: String = "tcp", at now: Timestamp = World.start + .seconds(1),
    from client: [UInt8] = World.source(), draws: [String] = [],
    outcome forced: ChangeOutcome? = nil, request: () throws -> [UInt8]
  ) throws -> Handled {
    try tape.begin("exchange \(title)")
    let isDatagram = try tape.word("link", link) == "udp"
    let now = try tape.time("time", now)
    let source = try source(try tape.given("source", client))
    let request = try tape.given("request", making: request)
    lastRequest = request
    var random = TapeRandom(tape, draws)
    let (answer, step) = try take(
      request, from: source, isDatagram: isDatagram, at: now, outcome: forced, random: &random)
    try random.finish()
    try tape.check("reply", answer.message ?? [])
    try tape.check("not-before", bigEndian((answer.notBefore ?? .milliseconds(0)).milliseconds))
    last = Handled(message: answer.message, refusedAt: step)
    return last
  }

  private func source(_ bytes: [UInt8]) throws -> NetworkAddress {
    try read(bytes) { (reader) throws(WireError) in try reader.address() }
  }

  private enum Stage { case receive, resume, finish }

  private func take(
    _ request: [UInt8], from source: NetworkAddress, isDatagram: Bool, at now: Timestamp,
    outcome forced: ChangeOutcome?, random: inout TapeRandom
  ) throws -> (CenterAnswer, refusedAt: String?) {
    let kind = kind(of: request)
    func end(_ answer: CenterAnswer, _ stage: Stage) -> (CenterAnswer, String?) {
      (answer, Self.step(answer, stage, kind))
    }
    switch center.receive(
      request.bytes, from: source, isDatagram: isDatagram, at: now, random: &random)
    {
    case .answer(let answer): return end(answer, .receive)
    case .lookUp(let query, let pending):
      switch center.resume(pending, with: directory.lookUp(query), at: now, random: &random) {
      case .answer(let answer): return end(answer, .resume)
      case .change(let change, let pending):
        let outcome = forced ?? directory.apply(change)
        _ = try tape.word("outcome", "\(outcome)")
        return end(center.finish(pending, outcome: outcome, at: now, random: &random), .finish)
      case .probe(let address, _, let pending):
        try tape.check("probed", written { $0.address(address) })
        let isReached = try tape.word("reached", isReached ? "yes" : "no") == "yes"
        return end(
          center.finish(pending, isReached: isReached, at: now, random: &random), .finish)
      }
    }
  }

  // MARK: Where a message was refused

  private enum Kind {
    case salt, registration, login, change, sealed, granting, other
  }

  /// What a message is, as far as it can be opened.
  private func kind(of request: [UInt8]) -> Kind {
    if request.starts(with: [1, MessageType.grantingRequest.rawValue]) { return .granting }
    guard request.starts(with: [1, MessageType.sealedRequest.rawValue]) else { return .other }
    guard let opened = open(request) else { return .sealed }
    switch [UInt8](opened.plaintext.bytes).first {
    case SealedRequestKind.salt.rawValue: return .salt
    case SealedRequestKind.registration.rawValue: return .registration
    case SealedRequestKind.login.rawValue: return .login
    case SealedRequestKind.change.rawValue: return .change
    default: return .sealed
    }
  }

  /// Opens a sealed request with the epoch key.
  func open(_ request: [UInt8]) -> OpenedByEpoch? {
    guard let epochKey, request.count > 10 + EpochKey.encapsulatedKeyByteCount else { return nil }
    let exchange = SealedExchange(realm: realm, epochKey: epochKey.publicKey)
    return try? epochKey.open(
      request.bytes.extracting(droppingFirst: 10 + EpochKey.encapsulatedKeyByteCount),
      encapsulatedKey: encapsulatedKey(of: request).bytes, info: exchange.info.bytes,
      authenticating: exchange.requestHeader.bytes, exporterContext: exchange.exporterContext.bytes)
  }

  private static func step(_ answer: CenterAnswer, _ stage: Stage, _ kind: Kind) -> String? {
    guard case .refused(let reason)? = answer.event?.kind else {
      return answer.message == nil ? "4.1" : nil
    }
    switch (kind, stage) {
    case (.granting, .receive): return "T2"
    case (.granting, .resume): return reason == .peerNotPresent ? "T4" : "T3"
    case (.granting, .finish): return "A3"
    case (.registration, .receive): return reason == .malformed ? "Q2" : "R2"
    case (.registration, .resume): return "R3"
    case (.registration, .finish): return "R4"
    case (.login, .receive), (.change, .receive), (.salt, _), (.sealed, _): return "Q2"
    case (.login, _): return "L2"
    case (.change, .resume): return "C2"
    case (.change, .finish): return "C3"
    case (.other, _): return "4.1"
    }
  }
}

func encapsulatedKey(of request: [UInt8]) -> [UInt8] {
  [UInt8](request.dropFirst(10).prefix(EpochKey.encapsulatedKeyByteCount))
}

/// Randomness that is known beforehand.
struct FixedRandom: RandomSource {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func fill(_ bytes: inout MutableRawSpan) {
    precondition(rest.count >= bytes.byteCount)
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(of: rest.removeFirst(), toByteOffset: offset, as: UInt8.self)
    }
  }
}
