import KeyDistribution
import Testing
import Wire

@testable import Transport
@testable import TrentClient

/// Several places of one KDC: how they are named, in which order they are tried, who is remembered.
@Suite struct KDCPlacesTests {
  private let folder = TemporaryFolder()

  private func place(_ text: String) throws -> HostAndPort {
    try #require(HostAndPort(text, defaultPort: 1))
  }

  private func order(_ places: KDCPlaces) -> [String] { places.inOrder.map(\.at.description) }

  // MARK: Names

  @Test(
    arguments: [
      ("kdc", 7000, "kdc:7000", "-a kdc -p 7000"),
      ("kdc1,KDC2:7001", 7000, "kdc1:7000,kdc2:7001", "-a kdc1:7000,kdc2:7001"),
      ("a:1,[::1]:2,::2", 3, "a:1,[::1]:2,[::2]:3", "-a a:1,[::1]:2,[::2]:3"),
      ("a:1,b:2,a:1", nil, "a:1,b:2", "-a a:1,b:2"),
      ("example.org", nil, "example.org", "-a example.org"),
      ("kdc:1,example.org", nil, "kdc:1,example.org", "-a kdc:1,example.org"),
      ("example.org", 7000, "example.org:7000", "-a example.org -p 7000"),
    ] as [(String, UInt16?, String, String)])
  func listsAreRead(_ text: String, _ port: UInt16?, _ expected: String, _ options: String) throws {
    let target = try KDCTarget(text, port: port)
    #expect(target.description == expected)
    #expect(target.options == options)
  }

  @Test(
    arguments: [
      ("", 1), (",", 1), ("a,", 1), ("a, b", 1), ("a:0", 1), ("a:x", 1), ("a,b\u{1b}", 1),
      // Without a port there has to be a domain.
      ("kdc", nil), ("127.0.0.1", nil), ("::1", nil), ("a:1,b", nil), (".org", nil), ("org.", nil),
    ] as [(String, UInt16?)])
  func whatIsNoListIsWrongUsage(_ text: String, _ port: UInt16?) {
    let failure = #expect(throws: ClientFailure.self) { _ = try KDCTarget(text, port: port) }
    #expect(failure?.exitCode == ExitStatus.usage.rawValue)
    #expect(failure?.description.contains("\u{1b}") == false)
    #expect(port != nil || failure?.description.contains("-p") == true)
  }

  @Test func aListHasAnEnd() throws {
    let hosts = (0..<17).map { "kdc\($0)" }
    #expect(try KDCTarget(hosts.dropLast().joined(separator: ","), port: 1).names.count == 16)
    #expect(throws: ClientFailure.self) {
      _ = try KDCTarget(hosts.joined(separator: ","), port: 1)
    }
  }

  // MARK: Order

  @Test func whoAnsweredLastComesFirst() throws {
    var places = KDCPlaces(try KDCTarget("a,b,c", port: 1), preferred: try place("c"))
    #expect(!places.isLookedUp && places.inOrder.isEmpty)
    try places.lookUp()
    #expect(order(places) == ["c:1", "a:1", "b:1"])
    places.preferred = try place("b")
    #expect(order(places) == ["b:1", "a:1", "c:1"])
    // Somebody who is not in the list is nobody.
    places.preferred = try place("d")
    #expect(order(places) == ["a:1", "b:1", "c:1"])
  }

  @Test func whoCannotDoItIsLeftOutForOneExchange() throws {
    var places = KDCPlaces(try KDCTarget("a,b", port: 1))
    try places.lookUp()
    #expect(places.hasOther(than: try place("a")))
    places.avoid(try place("a"))
    #expect(order(places) == ["b:1"])
    #expect(!places.hasOther(than: try place("b")))
    try places.lookUp()
    #expect(order(places) == ["b:1"])
    places.begin()
    #expect(order(places) == ["a:1", "b:1"])
  }

  @Test func aDomainIsWhatDNSTells() throws {
    var asked: [String] = []
    var places = KDCPlaces(try KDCTarget("x:9,example.org,k2.example.org:7001", port: nil))
    try places.lookUp(
      { name in
        asked.append(name)
        return [
          ServiceRecord(priority: 2, weight: 0, port: 7002, host: "K3.example.org"),
          ServiceRecord(priority: 1, weight: 5, port: 7000, host: "k1.example.org"),
          ServiceRecord(priority: 1, weight: 5, port: 7001, host: "k2.example.org"),
          ServiceRecord(priority: 1, weight: 5, port: 0, host: "portless"),
          ServiceRecord(priority: 1, weight: 5, port: 1, host: "no\\032host here"),
        ]
      }, random: { $0 })
    #expect(asked == ["_trent._udp.example.org"])
    #expect(
      order(places) == [
        "x:9", "k2.example.org:7001", "k1.example.org:7000", "k3.example.org:7002",
      ])
    // What is pinned is the name as it was typed.
    #expect(
      places.inOrder.map(\.name.pinName) == ["x:9", "example.org", "example.org", "example.org"])
  }

  @Test func whatDNSDoesNotTellIsNoHindrance() throws {
    let unresolvable = TransportFailure.unresolvableHost("example.org", reason: "none")
    var mixed = KDCPlaces(try KDCTarget("example.org,kdc:1", port: nil))
    try mixed.lookUp { _ throws(TransportFailure) in throw unresolvable }
    #expect(order(mixed) == ["kdc:1"])
    var alone = KDCPlaces(try KDCTarget("example.org", port: nil))
    let none = #expect(throws: KDCFailure.self) { try alone.lookUp { _ in [] } }
    let words = none?.failure(at: alone.target).description ?? ""
    #expect(words.contains("_trent._udp.example.org") && words.contains("-p"))
    let mute = #expect(throws: KDCFailure.self) {
      try alone.lookUp { _ throws(TransportFailure) in throw unresolvable }
    }
    #expect(mute?.isPassing == true)
    // What was found once stays.
    try alone.lookUp { _ in [ServiceRecord(priority: 0, weight: 0, port: 1, host: "k")] }
    try alone.lookUp { _ throws(TransportFailure) in throw unresolvable }
    #expect(order(alone) == ["k:1"])
  }

  @Test func onlyWhatAnotherPlaceMayDoBetterLeadsThere() {
    let elsewhere: [KDCFailure] = [
      .transport(.closedByPeer), .transport(.timedOut), .exchange(.unavailable),
      .exchange(.failed(.busy)),
    ]
    let malformed = KDCFailure.exchange(.malformed(.truncated))
    let final: [KDCFailure] = [
      .exchange(.refused), .exchange(.slowDown(seconds: 1)), .exchange(.notAuthentic),
      .exchange(.identityChanged), .exchange(.nameTaken), .exchange(.loginOver),
      .exchange(.peerNotPresent), .exchange(.notInvited), .exchange(.identityKeyDiffers),
      .client(ClientFailure(.kdcIdentity, "no")),
    ]
    for failure in elsewhere {
      #expect(failure.leadsElsewhere && failure.leadsElsewhereAtContact)
    }
    for failure in final {
      #expect(!failure.leadsElsewhere && !failure.leadsElsewhereAtContact)
    }
    // What answers the first question so is no KDC; what answers a sealed one has looked at it.
    #expect(!malformed.leadsElsewhere && malformed.leadsElsewhereAtContact)
  }

  // MARK: Files

  @Test func thePlaceThatAnsweredIsRemembered() throws {
    let person = ScriptedPerson()
    let file = PlaceFile(in: folder.state, person: person)
    #expect(try file.place(in: realm(1)) == nil)
    try file.save(try place("a"), of: realm(1))
    try file.save(try place("[::1]:2"), of: realm(2))
    try file.save(try place("b:3"), of: realm(1))
    let again = PlaceFile(in: folder.state, person: person)
    #expect(try again.place(in: realm(1)) == place("b:3"))
    #expect(try again.place(in: realm(2)) == place("[::1]:2"))
    #expect(
      contents(folder.path + "/state/places")
        == "\(realm(2).hexadecimalID) [::1]:2\n\(realm(1).hexadecimalID) b:3\n")
    #expect(permissions(folder.path + "/state/places") == 0o600)
  }

  @Test func damagedMemoryOfPlacesIsNone() throws {
    let person = ScriptedPerson()
    let file = PlaceFile(in: folder.state, person: person)
    try file.save(try place("a"), of: realm(1))
    let id = realm(1).hexadecimalID
    _ = folder.write("\(id) a:x\n\(id)\nrubbish a:1\n", to: "state/places")
    #expect(try PlaceFile(in: folder.state, person: person).place(in: realm(1)) == nil)
    #expect(try file.damagedLines() == [1, 2, 3])
  }

  // MARK: Pins

  private func contact(_ hosts: String, _ person: ScriptedPerson) throws -> KDCContact {
    KDCContact(
      KDCOptions(target: try KDCTarget(hosts, port: 1), acceptsNew: false), in: folder.state,
      person: person)
  }

  @Test func anotherPlaceOfTheSameKDCNeedsNoQuestion() throws {
    let person = ScriptedPerson(agrees: true)
    let contact = try contact("a,b", person)
    _ = try contact.trust(AnnouncedIdentity(realm(1)), at: try place("a"))
    #expect(person.questions.count == 1)
    _ = try contact.trust(AnnouncedIdentity(realm(1)), at: try place("b"))
    #expect(person.questions.count == 1)
    let word = realm(1).word
    #expect(contents(folder.path + "/state/known_kdcs") == "a:1 \(word)\nb:1 \(word)\n")
  }

  @Test func aPlaceWithAnotherIdentityIsNeverAccepted() throws {
    let person = ScriptedPerson(agrees: true)
    let contact = try contact("a,b", person)
    _ = try contact.trust(AnnouncedIdentity(realm(1)), at: try place("a"))
    let failure = #expect(throws: ClientFailure.self) {
      _ = try contact.trust(AnnouncedIdentity(realm(2)), at: try place("b"))
    }
    #expect(failure?.exitCode == ExitStatus.kdcIdentity.rawValue)
    #expect(failure?.description.contains(realm(2).word) == true)
    #expect(person.questions.count == 1)
    #expect(contents(folder.path + "/state/known_kdcs") == "a:1 \(realm(1).word)\n")
  }

  @Test func aCheckUpPinsNoPlace() throws {
    let person = ScriptedPerson(agrees: true)
    _ = try contact("a", person).trust(AnnouncedIdentity(realm(1)), at: try place("a"))
    let before = contents(folder.path + "/state/known_kdcs")
    var options = KDCOptions(target: try KDCTarget("a,b", port: 1))
    options.remembers = false
    let contact = KDCContact(options, in: folder.state, person: person)
    #expect(try contact.trust(AnnouncedIdentity(realm(1)), at: try place("b")) == realm(1))
    #expect(contents(folder.path + "/state/known_kdcs") == before)
    #expect(throws: ClientFailure.self) {
      _ = try contact.trust(AnnouncedIdentity(realm(2)), at: try place("b"))
    }
  }

  @Test func placesOfTwoKDCsAreNoList() throws {
    let person = ScriptedPerson(agrees: true)
    for (host, id) in [("a", 1), ("b", 2)] as [(String, UInt8)] {
      _ = try contact(host, person).trust(AnnouncedIdentity(realm(id)), at: try place(host))
    }
    let both = try contact("a,b", person)
    let failure = #expect(throws: ClientFailure.self) {
      _ = try both.known.pin(of: both.options.target)
    }
    #expect(failure?.exitCode == ExitStatus.kdcIdentity.rawValue)
  }

  @Test func aDomainIsPinnedByItsName() throws {
    let person = ScriptedPerson(agrees: true)
    let options = KDCOptions(target: try KDCTarget("example.org", port: nil))
    let contact = KDCContact(options, in: folder.state, person: person)
    let name = try #require(options.target.names.first)
    _ = try contact.trust(AnnouncedIdentity(realm(1)), at: name)
    _ = try contact.trust(AnnouncedIdentity(realm(1)), at: name)
    #expect(person.questions.count == 1)
    #expect(contents(folder.path + "/state/known_kdcs") == "example.org \(realm(1).word)\n")
  }
}
