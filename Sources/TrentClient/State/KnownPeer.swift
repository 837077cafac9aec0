internal import Cryptography
internal import KeyDistribution
internal import Wire

/// A pinned peer, and the line that keeps it.
struct KnownPeer: Hashable {
  private static let verifiedMark = "verified"

  /// The id of its realm in hexadecimal.
  let realm: String
  let name: PrincipalName
  let identity: VerifyingKey
  /// When it was met first, as text.
  let firstSeen: String
  /// Whether two people have compared the fingerprint.
  var isVerified: Bool
  private let realmID: [UInt8]

  init(_ peer: TrustedPeer, in realm: Realm, firstSeen: String) {
    self.realm = realm.hexadecimalID
    name = peer.name
    identity = peer.identity
    self.firstSeen = firstSeen
    isVerified = false
    realmID = realm.id
  }

  /// Nil unless `words` are those of a line.
  init?(_ words: [Substring]) {
    guard words.count == 4 || words.count == 5 && words[4] == Self.verifiedMark,
      let realmID = Self.realmID(words[0]), let name = PrincipalName(String(words[1])),
      let bytes = Base32.decode(words[2]), let identity = VerifyingKey(bytes)
    else { return nil }
    realm = String(words[0])
    self.name = name
    self.identity = identity
    firstSeen = String(words[3])
    isVerified = words.count == 5
    self.realmID = realmID
  }

  init?(line: String) { self.init(line.split(separator: " ")) }

  var line: String {
    let line = "\(realm) \(name) \(Base32.encode(identity.bytes)) \(firstSeen)"
    return isVerified ? "\(line) \(Self.verifiedMark)" : line
  }

  var fingerprint: Fingerprint { Fingerprint(of: identity, name: name, realmID: realmID) }

  /// Whether both stand for the same name in the same realm, whatever their keys.
  func isSamePeer(as other: KnownPeer) -> Bool { realm == other.realm && name == other.name }

  private static func realmID(_ text: Substring) -> [UInt8]? {
    Hexadecimal.decode(text.utf8).flatMap { $0.count == 32 ? $0 : nil }
  }
}
