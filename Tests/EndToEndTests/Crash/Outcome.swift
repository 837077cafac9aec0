import KeyDistribution
import Transport

/// What became of a registration or a login, as its client sees it.
enum Outcome: Hashable, Sendable {
  /// The KDC's answer was there and verified.
  case acknowledged
  case taken
  case refused
  case otherIdentity
  case unavailable
  /// The KDC has gone: what was asked may be done or not.
  case unanswered
  /// What no KDC may do, whatever happens to it.
  case wrong(String)

  init(_ error: any Error) {
    self =
      switch error {
      case ExchangeFailure.nameTaken: .taken
      case ExchangeFailure.refused: .refused
      case ExchangeFailure.identityKeyDiffers: .otherIdentity
      case ExchangeFailure.unavailable: .unavailable
      case TransportFailure.closedByPeer, TransportFailure.unreachable: .unanswered
      default: .wrong("\(error)")
      }
  }
}

/// What a client asked for and what became of it.
struct Attempt: Sendable {
  let account: Account
  let outcome: Outcome
}
