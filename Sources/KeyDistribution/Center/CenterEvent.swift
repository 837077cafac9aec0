public import Wire

/// What a KDC did, for its log: who, for whom, from where. Never a secret, never a byte of a
/// hostile message.
public struct CenterEvent: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case registered
    case loggedIn
    /// Another secret, and the key version number that it has.
    case secretChanged(keyVersion: UInt32)
    case keyIssued(purpose: Purpose, ticketID: [UInt8])
    case announced
    case withdrawn
    /// A login that opens deposits from now on; `peer` is the receiver's mailbox.
    case depositsTaken
    /// What the operator did to a user, or to the KDC.
    case operated(OperatorAct)
    case probed(port: UInt16, isReached: Bool)
    case refused(Reason)
  }

  /// What an operator does while the KDC serves, or before it does.
  public enum OperatorAct: String, Hashable, Sendable, CaseIterable {
    case invited, disabled, enabled, removed, reset, allowed, imported
    case storageKeyRotated = "storage-key-rotated"
    case identityReplaced = "identity-replaced"
  }

  /// Why nothing was granted. It stays at home: the wire shows one refusal.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    case malformed = "malformed message"
    case epochUnknown = "unknown or expired epoch key"
    case notAuthentic = "seal does not verify"
    case unknownName = "unknown name"
    case wrongProof = "wrong proof"
    case disabled = "user is disabled"
    case nameTaken = "name is taken"
    case notInvited = "no invitation that holds"
    case staleKeyVersion = "key version number is not the present one"
    case keyVersionsUsedUp = "no key version number is left"
    case staleSalt = "salt is not the present one"
    case changedMeanwhile = "another change came first"
    case identityKeyMissing = "no identity key is registered"
    case identityKeyDiffers = "identity key is not the registered one"
    case badIdentityProof = "identity key is not proven"
    case replayed = "replayed request"
    case overloaded = "too many requests to remember"
    case tooManyProofs = "too many wrong proofs"
    case tooManyRequests = "too many requests from this source"
    case tooManyRegistrations = "too many registrations from this source"
    case loginOver = "login is over"
    case ticketUnknown = "ticket-granting ticket does not open"
    case clockSkew = "time of the request is off"
    case peerNotPresent = "peer is not present"
    case superseded = "a later login receives"
    case tooManyProbes = "too many connections to try"
    case unavailable = "the directory does not answer"
    case internalFailure = "a cryptographic operation failed"
  }

  public let kind: Kind
  /// Who asked, once that is known or claimed in a well-formed message.
  public let name: PrincipalName?
  /// For whom a key was asked, or whom else it is about.
  public let peer: PrincipalName?
  public let source: NetworkAddress

  var refusal: Reason? {
    if case .refused(let reason) = kind { reason } else { nil }
  }

  /// By the operator: from nowhere.
  public init(_ act: OperatorAct, name: PrincipalName?) {
    self.init(.operated(act), name: name, source: NetworkAddress.nowhere)
  }

  init(
    _ kind: Kind, name: PrincipalName? = nil, peer: PrincipalName? = nil, source: NetworkAddress
  ) {
    self.kind = kind
    self.name = name
    self.peer = peer
    self.source = source
  }
}
