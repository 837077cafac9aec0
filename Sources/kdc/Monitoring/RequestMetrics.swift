import CoreMetrics
import KeyDistribution
import SecretMemory

/// Counts requests for who watches: one addition each, one more for a refusal. Labels are of fixed
/// sets: nothing that comes from the network makes a new one.
struct RequestMetrics: Sendable {
  /// What a message says that it is, by its first bytes.
  enum Kind: Int, CaseIterable {
    case epochKey, sealed, granting, other

    var label: String {
      switch self {
      case .epochKey: "epoch-key"
      case .sealed: "sealed"
      case .granting: "granting"
      case .other: "other"
      }
    }

    init(_ message: RawSpan) {
      self =
        switch KeyDistributionCenter.request(in: message) {
        case .epochKey?: .epochKey
        case .sealed?: .sealed
        case .granting?: .granting
        case nil: .other
        }
    }
  }

  enum Outcome: Int, CaseIterable {
    case granted, refused
    /// Nothing was said: a datagram that did not verify, or what is no request.
    case silent

    var label: String {
      switch self {
      case .granted: "granted"
      case .refused: "refused"
      case .silent: "silent"
      }
    }

    init(_ answer: CenterAnswer) {
      self = answer.message == nil ? .silent : answer.refusal == nil ? .granted : .refused
    }
  }

  private static let outcomeCount = Outcome.allCases.count

  /// A request that is being served.
  struct Request: Sendable {
    let kind: Kind
    /// Of sealed ones alone: for a granting request even a look at the clock would be felt.
    fileprivate let began: ContinuousClock.Instant?
  }

  static let help = [
    "trent_kdc_requests_total": "Requests by kind, and what came of them.",
    "trent_kdc_refusals_total": "Requests that were not granted, by reason as far as it is told.",
    "trent_kdc_sealed_request_duration_seconds":
      "From the arrival of a sealed request that is granted until its answer is there.",
  ]

  /// By kind, then by outcome, both in their order.
  private let requests: [Counter]
  private let refusals: [CenterEvent.Reason: Counter]
  private let durations: CoreMetrics.Timer

  init(_ factory: any MetricsFactory) {
    requests = Kind.allCases.flatMap { kind in
      Outcome.allCases.map { outcome in
        Counter(
          label: "trent_kdc_requests_total",
          dimensions: [("kind", kind.label), ("outcome", outcome.label)], factory: factory)
      }
    }
    refusals = Dictionary(
      uniqueKeysWithValues: CenterEvent.Reason.allCases.map { reason in
        (
          reason,
          Counter(
            label: "trent_kdc_refusals_total", dimensions: [("reason", reason.shownLabel)],
            factory: factory)
        )
      })
    durations = CoreMetrics.Timer(
      label: "trent_kdc_sealed_request_duration_seconds", factory: factory)
  }

  func begin(_ message: RawSpan) -> Request {
    let kind = Kind(message)
    return Request(kind: kind, began: kind == .sealed ? ContinuousClock.now : nil)
  }

  func end(_ request: Request, with answer: CenterAnswer) {
    let outcome = Outcome(answer)
    requests[request.kind.rawValue * Self.outcomeCount + outcome.rawValue].increment()
    if let reason = answer.refusal { refusals[reason]?.increment() }
    // How long a refusal took could say which one it was.
    if let began = request.began, outcome == .granted {
      let (seconds, attoseconds) = (ContinuousClock.now - began).components
      durations.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
  }
}

extension CenterEvent.Reason {
  /// Pages are open to whoever reaches them, who may be the one that was refused: they keep apart
  /// no more than the wire does (PROTOCOL.md, 4.3, kind 0). The log tells the rest.
  fileprivate var shownLabel: String {
    switch self {
    case .unknownName, .wrongProof, .disabled, .staleKeyVersion, .keyVersionsUsedUp, .staleSalt,
      .changedMeanwhile, .identityKeyMissing, .badIdentityProof, .replayed:
      "name or proof"
    case .malformed, .epochUnknown, .notAuthentic, .nameTaken, .notInvited, .identityKeyDiffers,
      .overloaded, .tooManyProofs, .tooManyRequests, .tooManyRegistrations, .loginOver,
      .ticketUnknown, .clockSkew, .peerNotPresent, .superseded, .tooManyProbes, .unavailable,
      .internalFailure:
      rawValue
    }
  }
}
