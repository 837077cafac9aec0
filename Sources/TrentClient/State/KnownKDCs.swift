internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution

/// The identities of KDCs that the user has come to trust: lines of `HOST:PORT WORD`, or with the
/// name of a domain in the place of `HOST:PORT`, and the id of the realm behind that where the
/// identity is not the founding key.
struct KnownKDCs {
  /// A pinned identity, and where it is written.
  struct Pin {
    let realm: Realm
    let line: Int
  }

  private let file: LineFile

  init(in state: StateFolder, person: any Person) {
    file = LineFile("known_kdcs", in: state, person: person)
  }

  var path: String { file.path }

  func pin(of target: HostAndPort) throws(ClientFailure) -> Pin? {
    let known = try file.entries(about: target.pinName, Self.parse).first {
      $0.entry.target == target.pinName
    }
    return known.map { Pin(realm: $0.entry.realm, line: $0.line) }
  }

  /// What is pinned for the first name of a list that there is a pin for.
  ///
  /// - Throws: a failure of identities when two of them are of different realms.
  func pin(of target: KDCTarget) throws(ClientFailure) -> Pin? {
    var first: (name: HostAndPort, pin: Pin)?
    for name in target.names {
      guard let pin = try pin(of: name) else { continue }
      if let first, first.pin.realm.id != pin.realm.id {
        throw ClientFailure(
          .kdcIdentity,
          "\(first.name.pinName) and \(name.pinName) are not places of one KDC: the identities "
            + "that are pinned are \(first.pin.realm.word) and \(pin.realm.word). Name one (-a).")
      }
      first = first ?? (name, pin)
    }
    return first?.pin
  }

  /// Every pinned identity, with the `HOST:PORT` that it is pinned for.
  func all() throws(ClientFailure) -> [(target: String, realm: Realm)] {
    try file.entries(Self.parse).map(\.entry)
  }

  /// What to call a realm: the addresses that it is pinned for, else the beginning of its id.
  func places(ofRealm hexadecimalID: String) throws(ClientFailure) -> String {
    let targets = try targets(where: { $0.hexadecimalID == hexadecimalID })
    guard targets.isEmpty else {
      return targets.map { SafeText($0, limit: 200).description }.joined(separator: ",")
    }
    return "realm:\(hexadecimalID.prefix(16))"
  }

  /// Where a KDC was when it was pinned, as `HOST:PORT`, in the order of the file.
  func targets(of realm: Realm) throws(ClientFailure) -> [String] {
    try targets(where: { $0 == realm })
  }

  private func targets(where isMeant: (Realm) -> Bool) throws(ClientFailure) -> [String] {
    try all().filter { isMeant($0.realm) }.map(\.target)
  }

  /// Pins an identity, unless somebody has pinned one in the meantime: that one then counts.
  ///
  /// - Returns: the pin that stands in the file now.
  func pin(_ realm: Realm, for target: HostAndPort) throws(ClientFailure) -> Pin {
    var pin: Pin?
    try file.update { (lines) throws(ClientFailure) in
      if let known = lines.enumerated().lazy.compactMap({ index, text in
        Self.parse(text.split(separator: " ")).map { (line: index + 1, entry: $0) }
      }).first(where: { $0.entry.target == target.pinName }) {
        pin = Pin(realm: known.entry.realm, line: known.line)
      } else {
        lines.append(Self.line(target.pinName, realm))
        pin = Pin(realm: realm, line: lines.count)
      }
    }
    return pin ?? Pin(realm: realm, line: 0)
  }

  /// Pins the announced identity in the place of every one that it succeeds.
  ///
  /// - Returns: whether there was any.
  func move(to shown: AnnouncedIdentity) throws(ClientFailure) -> Bool {
    var hasMoved = false
    try file.update { (lines) throws(ClientFailure) in
      for index in lines.indices {
        guard let known = Self.parse(lines[index].split(separator: " ")),
          shown.succeeds(known.realm)
        else { continue }
        lines[index] = Self.line(known.target, shown.realm)
        hasMoved = true
      }
    }
    return hasMoved
  }

  private static func line(_ target: String, _ realm: Realm) -> String {
    let id = realm.hasFoundingIdentity ? "" : " \(realm.hexadecimalID)"
    return "\(target) \(realm.word)\(id)"
  }

  func damagedLines() throws(ClientFailure) -> [Int] { try file.damagedLines(Self.parse) }

  private static func parse(_ words: [Substring]) -> (target: String, realm: Realm)? {
    guard 2...3 ~= words.count, let founding = Realm(word: String(words[1])) else { return nil }
    let target = String(words[0])
    guard words.count == 3 else { return (target, founding) }
    guard let realm = Realm(identity: founding.identity, hexadecimalID: words[2]),
      !realm.hasFoundingIdentity
    else { return nil }
    return (target, realm)
  }
}
