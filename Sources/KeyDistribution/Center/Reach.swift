internal import Cryptography
internal import Wire

extension KeyDistributionCenter {
  /// Step D2: a connection is tried to the address that this request came from, and to none that
  /// anybody names: what can be learnt is one's own.
  func probe(
    _ port: UInt16, for granting: consuming PendingGranting, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterDecision {
    var address = granting.source
    address.port = port
    guard withProbes({ $0.take(for: address, at: now) }) else {
      return .answer(
        granting.answer(.unavailable, reason: .tooManyProbes, from: self, at: now, random: &random))
    }
    return .probe(address, within: policy.probePatience, PendingProbe(granting))
  }

  /// Step D3: tells how it went.
  func finish(
    _ granting: consuming PendingGranting, isReached: Bool, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    guard case .reach(let port) = granting.request else { return CenterAnswer(nil) }
    let observed = granting.source
    withProbes { $0.release(observed, at: now) }
    let message = granting.reply(.reach, from: self, at: now, random: &random) {
      Reach(observed: observed, isReached: isReached).write(to: &$0)
    }
    return CenterAnswer(
      message,
      event: CenterEvent(
        .probed(port: port, isReached: isReached), name: granting.ticket.name, source: observed))
  }
}

/// The connections that are tried for clients: few at a time, one for each source, and the next one
/// of a source not at once, so that nobody finds out quickly which ports of a shared address are
/// open.
struct ProbeSlots {
  private let limit: Int
  private let patience: Interval
  private let interval: Interval
  /// Until when each source has to wait.
  private var ends: [[UInt8]: Timestamp] = [:]

  init(_ policy: CenterPolicy) {
    limit = policy.probes
    patience = policy.probePatience
    interval = policy.probeInterval
  }

  /// - Returns: false when there is no room, or the source has one.
  mutating func take(for source: NetworkAddress, at now: Timestamp) -> Bool {
    // One that is never told the end of does not take up room for ever, nor does a clock that is
    // set back.
    let longest = patience + patience + interval
    ends = ends.filter { $0.value > now && $0.value <= now + longest }
    guard ends.count < limit, ends[source.network] == nil else { return false }
    ends[source.network] = now + longest
    return true
  }

  mutating func release(_ source: NetworkAddress, at now: Timestamp) {
    ends[source.network] = now + interval
  }
}
