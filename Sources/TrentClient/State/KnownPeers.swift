internal import Cryptography
internal import KeyDistribution
internal import SystemClock
internal import Wire

/// The identity keys of peers, as first seen: lines of `REALM NAME IDENTITY TIME`, the realm in
/// hexadecimal and the key in base 32.
struct KnownPeers {
  private struct Entry {
    let realm: String
    let name: String
    let identity: VerifyingKey
  }

  private let file: LineFile
  private let person: any Person

  init(in state: StateFolder, person: any Person) {
    self.person = person
    file = LineFile("known_peers", in: state, person: person)
  }

  var path: String { file.path }

  /// The identity key pinned for a name, and the number of its line.
  func pin(
    of name: PrincipalName, in realm: Realm
  ) throws(ClientFailure) -> (identity: VerifyingKey, line: Int)? {
    let known = try file.entries(about: name.description, Self.parse).first {
      $0.entry.realm == realm.hexadecimalID && $0.entry.name == name.description
    }
    return known.map { ($0.entry.identity, $0.line) }
  }

  /// The identity key pinned for a name, for a responder: when the pins cannot be read, that is
  /// said and nobody is let in.
  func identity(of name: PrincipalName, in realm: Realm) throws(PeerFailure) -> VerifyingKey? {
    do {
      return try pin(of: name, in: realm)?.identity
    } catch {
      person.say("nobody is let in: \(error)")
      throw .pinsUnreadable
    }
  }

  /// Pins a peer whose session has completed, and says so when the peer is new. A pin that is there
  /// already stays as it is.
  ///
  /// - Throws: `peerIdentityChanged` if another key has been pinned in the meantime.
  func pin(
    _ peer: TrustedPeer, in realm: Realm, telling person: any Person
  ) throws(ClientFailure) {
    guard !peer.isPinned else { return }
    let key = Base32.encode(peer.identity.bytes)
    var isNew = false
    try file.update { (lines) throws(ClientFailure) in
      for (index, text) in lines.enumerated() {
        guard let entry = Self.parse(text.split(separator: " ")),
          entry.realm == realm.hexadecimalID, entry.name == peer.name.description
        else { continue }
        guard entry.identity == peer.identity else { throw changed(peer.name, line: index + 1) }
        return
      }
      isNew = true
      lines.append(
        "\(realm.hexadecimalID) \(peer.name) \(key) \(SystemClock.text(SystemClock.now))")
    }
    if isNew { person.say("first contact with \(peer.name), identity \(key)") }
  }

  /// What to say when a peer's identity key is not the pinned one.
  func changed(_ name: PrincipalName, line: Int) -> ClientFailure {
    ClientFailure(
      .peerIdentityChanged,
      "The identity of \(name) has changed. Somebody may be posing as \(name), or \(name) has made "
        + "a new one. Only if \(name) confirms that, remove line \(line) of \(path) and try again.")
  }

  private static func parse(_ words: [Substring]) -> Entry? {
    guard words.count == 4, words[0].utf8.count == 64, PrincipalName(String(words[1])) != nil,
      let bytes = Base32.decode(words[2]), let identity = VerifyingKey(bytes)
    else { return nil }
    return Entry(realm: String(words[0]), name: String(words[1]), identity: identity)
  }
}
