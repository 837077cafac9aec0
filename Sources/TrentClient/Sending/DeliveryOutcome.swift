public import KeyDistribution
public import Wire

/// What became of something that was sent. Anything else is thrown as a `ClientFailure`.
public enum DeliveryOutcome: Sendable {
  /// The receiver has all of it, on its disk under its final name.
  case received(byteCount: UInt64, by: TrustedPeer)
  /// A mailbox has it, sealed for that receiver, who has got nothing yet.
  case left(with: PrincipalName, for: TrustedPeer)
}
