internal import FileTransfer
public import KeyDistribution
public import Wire

/// The pinned peers, for their user to look at, to compare and to forget.
public struct PeerBook {
  private let peers: KnownPeers
  private let kdcs: KnownKDCs
  private let person: any Person

  /// Those that are kept in the folder.
  public init(in state: StateFolder, person: any Person) {
    peers = KnownPeers(in: state, person: person)
    kdcs = KnownKDCs(in: state, person: person)
    self.person = person
  }

  /// A line for each peer: name, KDC, fingerprint, when first seen, and whether verified.
  public func list() throws(ClientFailure) -> [String] {
    let known = try peers.all()
    let width = known.map { $0.name.description.count }.max() ?? 0
    var lines: [String] = []
    for peer in known {
      let name = peer.name.description
      let padding = String(repeating: " ", count: width - name.count)
      let place = try kdcs.places(ofRealm: peer.realm)
      let time = SafeText(peer.firstSeen, limit: 40)
      let mark = peer.isVerified ? "verified" : "unverified"
      lines.append("\(name)\(padding)  \(place)  \(peer.fingerprint)  \(time)  \(mark)")
    }
    return lines
  }

  /// Marks a peer as verified, if its fingerprint is what its owner reads out.
  ///
  /// - Parameter told: what the owner has read out; nil to show the fingerprint and ask.
  public func verify(
    _ name: PrincipalName, _ choice: RealmChoice, told: Fingerprint?
  ) throws(ClientFailure) {
    let peer = try find(name, choice)
    if let told {
      guard told == peer.fingerprint else { throw differs(peer) }
    } else {
      guard person.isPresent else {
        throw ClientFailure(
          .usage,
          "There is no terminal to ask. Pass what \(name) reads out with --fingerprint.")
      }
      person.say("fingerprint of \(name): \(peer.fingerprint)")
      guard try person.agrees(to: "Does \(name) read out the same? [y/N]") else {
        throw differs(peer)
      }
    }
    try peers.markVerified(peer)
    person.say("\(name) is verified")
  }

  /// Removes the pin of a peer, who will be new at the next meeting.
  ///
  /// - Parameter isSure: whether to do so without a question.
  public func forget(
    _ name: PrincipalName, _ choice: RealmChoice, isSure: Bool
  ) throws(ClientFailure) {
    let peer = try find(name, choice)
    if !isSure {
      guard person.isPresent else {
        throw ClientFailure(.usage, "There is no terminal to ask. To forget \(name), pass --yes.")
      }
      let place = try kdcs.places(ofRealm: peer.realm)
      let question = "Forget \(name) of \(place), fingerprint \(peer.fingerprint)? [y/N]"
      guard try person.agrees(to: question) else {
        throw ClientFailure(.other, "Nothing was forgotten.")
      }
    }
    try peers.remove(peer)
    person.say("\(name) is forgotten")
  }

  private func find(
    _ name: PrincipalName, _ choice: RealmChoice
  ) throws(ClientFailure) -> KnownPeer {
    let realm = try choice.realm(kdcs)
    let found = try peers.all(named: name).filter {
      realm == nil || $0.realm == realm?.hexadecimalID
    }
    guard let peer = found.first else {
      throw ClientFailure(
        .other, "\(name) is not among the known peers. \"client peers\" lists them.")
    }
    // A name that stands twice for one realm is one peer: the first line is the pin.
    guard found.allSatisfy({ $0.isSamePeer(as: peer) }) else {
      var places: [String] = []
      for peer in found { places.append(try kdcs.places(ofRealm: peer.realm)) }
      throw ClientFailure(
        .usage,
        "\(name) is known at several KDCs: \(places.joined(separator: "; ")). "
          + RealmChoice.hint)
    }
    return peer
  }

  private func differs(_ peer: KnownPeer) -> ClientFailure {
    ClientFailure(
      .peerIdentityChanged,
      "\(peer.name) is not verified: the key known here has the fingerprint \(peer.fingerprint). "
        + "If \(peer.name) has another one, somebody may stand between you. Send nothing, ask the "
        + "operator of the KDC, and \"client peers forget \(peer.name)\".")
  }
}
