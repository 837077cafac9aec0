public import Wire

/// Why an exchange with the KDC did not end well, as its client sees it.
public enum ExchangeFailure: Error, Hashable, Sendable {
  /// The KDC, or somebody in its place, sent something that is not a message of this protocol.
  case malformed(WireError)
  /// A seal or a signature did not verify: the bytes are not from the pinned KDC.
  case notAuthentic
  /// The message is authentic and is not an answer to what was asked.
  case unexpectedReply
  /// The KDC's identity is not the one that is pinned.
  case identityChanged
  /// The epoch key's time is over, or not yet come, by the clock that the client trusts.
  case epochNotCurrent
  /// The KDC asks for Argon2 at a cost outside of what this client accepts.
  case parametersOutOfBounds
  /// Wrong passphrase, unknown name or disabled user: the KDC does not tell which.
  case refused
  /// The name is registered already.
  case nameTaken
  /// The KDC registers nobody, or only who has an invitation that holds for this name.
  case notInvited
  /// The KDC knows another identity key for this name than the one on this device.
  case identityKeyDiffers
  /// The login has ended, or the secret was changed since: log in again.
  case loginOver
  /// Nobody by that name is receiving now.
  case peerNotPresent
  /// A later login of the same name receives now.
  case superseded
  /// The clock that the request was made by is off. `now` is the KDC's.
  case clockSkew(now: Timestamp)
  /// Too many wrong proofs for this name, or too many requests from this network: nothing has been
  /// looked at, and nothing will be for so long.
  case slowDown(seconds: UInt32)
  /// The KDC cannot do it now; nothing has changed.
  case unavailable
  /// The KDC said in the clear that it cannot answer.
  case failed(FailureCode)
}
