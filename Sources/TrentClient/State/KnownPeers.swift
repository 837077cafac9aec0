internal import Cryptography
internal import DurableFiles
internal import KeyDistribution
internal import SystemClock
internal import Wire

/// The identity keys of peers, as first seen: lines of `REALM NAME IDENTITY TIME`, the realm in
/// hexadecimal and the key in base 32, and after them `verified` when two people have compared it.
struct KnownPeers {
  private let file: LineFile
  private let person: any Person
  private let index: PinIndex

  init(in state: StateFolder, person: any Person) {
    self.person = person
    let file = LineFile("known_peers", in: state, person: person)
    self.file = file
    index = PinIndex(file)
  }

  var path: String { file.path }

  /// Every pinned peer, or those of one name.
  func all(named name: PrincipalName? = nil) throws(ClientFailure) -> [KnownPeer] {
    try file.entries(about: name?.description, KnownPeer.init).map(\.entry)
      .filter { name == nil || $0.name == name }
  }

  func damagedLines() throws(ClientFailure) -> [Int] { try file.damagedLines(KnownPeer.init) }

  /// The identity key pinned for a name, and the number of its line.
  func pin(
    of name: PrincipalName, in realm: Realm
  ) throws(ClientFailure) -> (identity: VerifyingKey, line: Int)? {
    let known = try index.entries(about: name).first {
      $0.entry.realm == realm.hexadecimalID
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

  /// Whether there is room for the pin of a peer who has none.
  func hasRoom(for peer: TrustedPeer, in realm: Realm) throws(ClientFailure) -> Bool {
    let new = KnownPeer(peer, in: realm, firstSeen: SystemClock.text(SystemClock.now))
    let byteCount = try file.version()?.byteCount ?? 0
    // Each of the two lines may get an end.
    return byteCount + UInt64(new.line.utf8.count) + 2 <= UInt64(LineFile.byteLimit)
  }

  /// Pins a peer whose session has completed, and says so when the peer is new. A pin that is there
  /// already stays as it is.
  ///
  /// - Throws: `peerIdentityChanged` if another key has been pinned in the meantime.
  func pin(
    _ peer: TrustedPeer, in realm: Realm, telling person: any Person
  ) throws(ClientFailure) {
    guard !peer.isPinned else { return }
    let new = KnownPeer(peer, in: realm, firstSeen: SystemClock.text(SystemClock.now))
    var isNew = false
    try file.update { (lines) throws(ClientFailure) in
      for (index, text) in lines.enumerated() {
        guard let known = KnownPeer(line: text), known.isSamePeer(as: new) else { continue }
        guard known.identity == new.identity else { throw changed(peer.name, line: index + 1) }
        return
      }
      isNew = true
      lines.append(new.line)
    }
    if isNew { person.say("first contact with \(peer.name), fingerprint \(new.fingerprint)") }
  }

  /// Notes that two people have compared the fingerprint of this peer.
  ///
  /// - Throws: `peerIdentityChanged` if the pin is no longer the one that was compared.
  func markVerified(_ peer: KnownPeer) throws(ClientFailure) {
    try file.update { (lines) throws(ClientFailure) in
      let index = try index(of: peer, in: lines)
      guard var known = KnownPeer(line: lines[index]) else { return }
      known.isVerified = true
      lines[index] = known.line
    }
  }

  /// Removes a pin.
  ///
  /// - Throws: `peerIdentityChanged` if the pin is no longer the one that was shown.
  func remove(_ peer: KnownPeer) throws(ClientFailure) {
    try file.update { (lines) throws(ClientFailure) in
      lines.remove(at: try index(of: peer, in: lines))
    }
  }

  private func index(of peer: KnownPeer, in lines: [String]) throws(ClientFailure) -> Int {
    let index = lines.firstIndex { text in
      guard let known = KnownPeer(line: text) else { return false }
      return known.isSamePeer(as: peer) && known.identity == peer.identity
    }
    guard let index else {
      throw ClientFailure(
        .peerIdentityChanged,
        "What \(path) says of \(peer.name) has changed meanwhile. Nothing was done; try again.")
    }
    return index
  }

  /// What to say when a peer's identity key is not the pinned one.
  func changed(_ name: PrincipalName, line: Int) -> ClientFailure {
    ClientFailure(
      .peerIdentityChanged,
      "The identity of \(name) has changed. Somebody may be posing as \(name), or \(name) has made "
        + "a new one. Only if \(name) confirms that, forget the old one with \"client peers forget "
        + "\(name)\" (line \(line) of \(path)) and try again.")
  }
}
