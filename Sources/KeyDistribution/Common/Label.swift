internal import SecretMemory
internal import Wire

/// What every derivation, signature and associated datum begins with. One purpose, one label; the
/// list here is the list in PROTOCOL.md, section 3.
enum Label: String, CaseIterable {
  // Signatures (Ed25519).
  case epochKey = "trent epoch key v1"
  case identitySuccession = "trent identity succession v1"
  case userCertificate = "trent user v1"
  case identityProof = "trent identity proof v1"
  case loginKey = "trent login key v1"
  case secretChange = "trent secret change v1"

  // The shared key of a user and its parts.
  case keyFile = "trent key file v1"
  case sharedKey = "trent shared key v1"
  case proofKey = "trent proof key v1"
  case provenReplyKey = "trent proven reply key v1"
  case requestProof = "trent request proof v1"

  // Sealed requests and replies (HPKE).
  case sealedRequest = "trent sealed request v1"
  case sealedReply = "trent sealed reply v1"
  case openReply = "trent open reply v1"
  case provenReply = "trent proven reply v1"

  // Ticket-granting tickets and the exchange under them.
  case ticketGrantingTicket = "trent tgt v1"
  case ratchetStep = "trent tgt ratchet v1"
  case ratchetKey = "trent tgt key v1"
  case grantingRequest = "trent granting request v1"
  case grantingReply = "trent granting reply v1"

  // Tickets and peer sessions.
  case ticket = "trent ticket v1"
  case peerKey = "trent peer psk v1"
  case peerSession = "trent peer session v1"
  case deposit = "trent deposit v1"

  // What the KDC and a device keep.
  case salt = "trent salt v1"
  case firstKeyVersion = "trent first kvno v1"
  case digestStorage = "trent digest storage v1"
  case presenceStorage = "trent presence storage v1"
  case deviceIdentity = "trent device identity v1"
  case depositKeys = "trent deposit keys v1"
  case sealedCopy = "trent sealed copy v1"

  // What an operator hands to a newcomer.
  case invitation = "trent invitation v1"

  // Users on their way to another KDC.
  case userExport = "trent user export v1"
  case userExportAuthentication = "trent user export mac v1"

  // What people compare.
  case fingerprint = "trent fingerprint v1"
}

extension ByteWriter {
  /// A derivation's context: the label, length-prefixed like every field that follows it.
  init(_ label: Label) {
    self.init()
    prefixed(label.rawValue)
  }

  /// The same, with the realm that it belongs to as its first field.
  init(_ label: Label, in realm: Realm) {
    self.init(label)
    prefixed(realm.idBytes.bytes)
  }

  mutating func prefixed(_ name: PrincipalName) { prefixed(name.spelling) }

  mutating func prefixed(_ moment: Timestamp) {
    uint16(8)
    timestamp(moment)
  }

  mutating func prefixed(keyVersion: UInt32) {
    uint16(4)
    uint32(keyVersion)
  }
}
