public import Wire

/// What a KDC did, for its log: who, for whom, from where. Never a secret, never a byte of a
/// hostile message.
public struct CenterEvent: Hashable, Sendable {
  /// What happened.
  public enum Kind: Hashable, Sendable {
    /// In step R4.
    case registered
    /// In step L3.
    case loggedIn
    /// Another secret, and the key version number that it has.
    case secretChanged(keyVersion: UInt32)
    /// In step T4; the id stands in the ticket, too, so that the receiver's side can be found.
    case keyIssued(purpose: Purpose, ticketID: [UInt8])
    /// In step A2 or M1.
    case announced
    /// In step W1.
    case withdrawn
    /// A login that opens deposits from now on; `peer` is the receiver's mailbox.
    case depositsTaken
    /// What the operator did to a user, or to the KDC.
    case operated(OperatorAct)
    /// In step D3.
    case probed(port: UInt16, isReached: Bool)
    /// For the log alone; the client is told less.
    case refused(Reason)
  }

  /// What an operator does while the KDC serves, or before it does.
  public enum OperatorAct: String, Hashable, Sendable, CaseIterable {
    /// What the operator has done, by the commands of `kdc`.
    case invited, disabled, enabled, removed, reset, allowed, imported
    /// All digests are sealed under a fresh key.
    case storageKeyRotated = "storage-key-rotated"
    /// Another identity key has taken the place of the one of before.
    case identityReplaced = "identity-replaced"
  }

  /// Why nothing was granted. It stays at home: the wire shows one refusal.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    /// At the envelope, or inside of a seal.
    case malformed = "malformed message"
    /// In step Q2.
    case epochUnknown = "unknown or expired epoch key"
    /// In step Q2 or T2.
    case notAuthentic = "seal does not verify"
    /// In step L2 or C2.
    case unknownName = "unknown name"
    /// In step L2 or C2: the passphrase, most likely.
    case wrongProof = "wrong proof"
    /// In step L2, C2 or T3.
    case disabled = "user is disabled"
    /// In step R3 or R4.
    case nameTaken = "name is taken"
    /// In step R2 or R3.
    case notInvited = "no invitation that holds"
    /// In step L2, C2 or T3.
    case staleKeyVersion = "key version number is not the present one"
    /// In step C2.
    case keyVersionsUsedUp = "no key version number is left"
    /// In step R3 or C2.
    case staleSalt = "salt is not the present one"
    /// In step C3.
    case changedMeanwhile = "another change came first"
    /// In step C2.
    case identityKeyMissing = "no identity key is registered"
    /// In step L2.
    case identityKeyDiffers = "identity key is not the registered one"
    /// In step R2, L2 or C2.
    case badIdentityProof = "identity key is not proven"
    /// In step L2, C2 or T2.
    case replayed = "replayed request"
    /// In step T2.
    case overloaded = "too many requests to remember"
    /// In step L2 or C2, by the brakes.
    case tooManyProofs = "too many wrong proofs"
    /// In step Q2, by the brakes.
    case tooManyRequests = "too many requests from this source"
    /// In step R2, by the brakes.
    case tooManyRegistrations = "too many registrations from this source"
    /// In step T2 or T3.
    case loginOver = "login is over"
    /// In step T2.
    case ticketUnknown = "ticket-granting ticket does not open"
    /// In step T2 or C2.
    case clockSkew = "time of the request is off"
    /// In step T4.
    case peerNotPresent = "peer is not present"
    /// In step A3 or B3.
    case superseded = "a later login receives"
    /// In step D2.
    case tooManyProbes = "too many connections to try"
    /// The store, or the disk.
    case unavailable = "the directory does not answer"
    /// Our own fault.
    case internalFailure = "a cryptographic operation failed"
  }

  /// What happened.
  public let kind: Kind
  /// Who asked, once that is known or claimed in a well-formed message.
  public let name: PrincipalName?
  /// For whom a key was asked, or whom else it is about.
  public let peer: PrincipalName?
  /// Where the request came from.
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
