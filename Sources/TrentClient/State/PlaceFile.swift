internal import KeyDistribution

/// Which place of a KDC answered last, from one run to the next: lines of `REALM HOST:PORT`.
/// Without it the places are tried in the order in which they are named.
struct PlaceFile {
  private struct Entry {
    let realm: String
    let place: HostAndPort
  }

  private let file: LineFile

  init(in state: StateFolder, person: any Person) {
    file = LineFile("places", in: state, person: person)
  }

  var path: String { file.path }

  func place(in realm: Realm) throws(ClientFailure) -> HostAndPort? {
    try file.entries(Self.parse).last { $0.entry.realm == realm.hexadecimalID }?.entry.place
  }

  /// Writes a place down, if it is not what is written.
  func save(_ place: HostAndPort, of realm: Realm) throws(ClientFailure) {
    guard try self.place(in: realm) != place else { return }
    try file.update { (lines) in
      lines.removeAll { Self.parse($0.split(separator: " "))?.realm == realm.hexadecimalID }
      lines.append("\(realm.hexadecimalID) \(place)")
    }
  }

  func damagedLines() throws(ClientFailure) -> [Int] { try file.damagedLines(Self.parse) }

  private static func parse(_ words: [Substring]) -> Entry? {
    guard words.count == 2, words[0].utf8.count == 64,
      let place = HostAndPort(String(words[1]), defaultPort: 0), place.port != 0
    else { return nil }
    return Entry(realm: String(words[0]), place: place)
  }
}
