import MailboxService
import SystemClock
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// V5 against a mailbox that says and shows what it likes: nothing of it gets a name, nothing is
/// said to be collected, and the next deposit is taken all the same.
@Suite struct HostileBoxTests {
  private let content = (0..<(2 << 19) + 500).map { UInt8(truncatingIfNeeded: $0 &* 5 &+ $0 >> 10) }

  /// What becomes of Alice's deposit, bent, with one of Carol's behind it.
  private func expectRefused(
    _ scene: DepositScene, _ what: String, status: TrentClient.ExitStatus = .transferBroken
  ) throws {
    let result = try scene.fetch()
    #expect(result.left == 1 && result.status == status, "\(what)")
    #expect(scene.received("file") == nil, "\(what)")
    #expect(!scene.box.collectedNumbers.contains(1), "\(what)")
  }

  private func scene() throws -> DepositScene {
    let scene = try DepositScene()
    try scene.leave("file", content)
    try scene.leave("next", [7], from: "carol", identity: 5)
    return scene
  }

  /// Where each frame begins, and the end.
  private func borders(of bytes: [UInt8]) -> [Int] {
    var borders = [0]
    while let start = borders.last, start < bytes.count {
      let count = Int(bytes[start + 1]) << 16 | Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
      borders.append(start + 4 + count)
    }
    return borders
  }

  /// HOSTILE A 1, C 15.
  @Test func everyRegionOfADepositIsHeldToItsSeal() throws {
    let scene = try scene()
    let good = scene.box.items[0].bytes
    let borders = borders(of: good)
    #expect(borders.count == 6 && borders.last == good.count)
    var places: Set<Int> = []
    for border in borders.dropLast() { places.formUnion(border..<border + 40) }
    for border in borders.dropFirst() { places.formUnion(border - 17..<border) }
    places.formUnion(stride(from: 0, to: borders[2], by: 7))
    places.formUnion(stride(from: borders[2], to: good.count, by: 40_009))
    for place in places.sorted() {
      scene.box.items[0].bytes = good
      scene.box.items[0].bytes[place] ^= 0x40
      try expectRefused(scene, "byte \(place)")
    }
    #expect(scene.received("next") == [7])
    scene.box.items[0].bytes = good
    let result = try scene.fetch()
    #expect(result.taken == 1 && scene.received("file") == content)
  }

  /// HOSTILE C 15: whether or not the mailbox tells the length that it shows.
  @Test(arguments: [true, false]) func whatIsCutOrGoesOnIsNotTaken(_ tellsLength: Bool) throws {
    let scene = try scene()
    let item = scene.box.items[0]
    let borders = borders(of: item.bytes)
    for border in borders.dropLast().flatMap({ [$0, $0 + 3, $0 + 20] }) where border > 0 {
      scene.box.items[0].bytes = Array(item.bytes.prefix(border))
      if tellsLength { scene.box.items[0].told = told(item.told, byteCount: UInt64(border)) }
      try expectRefused(scene, "\(border) bytes")
    }
    for more in [[0], Array(item.bytes[borders[4]...]), item.bytes] as [[UInt8]] {
      scene.box.items[0].bytes = item.bytes + more
      scene.box.items[0].told = told(
        item.told, byteCount: UInt64(item.bytes.count + (tellsLength ? more.count : 1)))
      try expectRefused(scene, "\(more.count) bytes more")
    }
    // The list tells the length: a lie about it is known before anything is written.
    if tellsLength { #expect(scene.watcher.begun.allSatisfy { "\($0.peer.name)" == "carol" }) }
  }

  private func told(
    _ deposit: WaitingDeposit, number: UInt64? = nil, sender: PrincipalName? = nil,
    byteCount: UInt64? = nil, id: DepositID? = nil
  ) -> WaitingDeposit {
    WaitingDeposit(
      number: number ?? deposit.number, sender: sender ?? deposit.sender, stored: deposit.stored,
      byteCount: byteCount ?? deposit.byteCount, id: id ?? deposit.id)
  }

  @Test func framesThatAreMovedDoubledOrLeftOutAreNotTaken() throws {
    let scene = try scene()
    let good = scene.box.items[0].bytes
    let borders = borders(of: good)
    let frames = zip(borders, borders.dropFirst()).map { Array(good[$0..<$1]) }
    for first in frames.indices {
      var without = frames
      without.remove(at: first)
      try expectRefused(scene, [Array(without.joined())], "without \(first)")
      try expectRefused(scene, [Array((frames[...first] + frames[first...]).joined())], "twice")
      for second in frames.indices where second > first {
        var swapped = frames
        swapped.swapAt(first, second)
        try expectRefused(scene, [Array(swapped.joined())], "\(first) for \(second)")
      }
    }
  }

  private func expectRefused(
    _ scene: DepositScene, _ variants: [[UInt8]], _ what: String
  ) throws {
    for variant in variants where !variant.isEmpty {
      scene.box.items[0].bytes = variant
      scene.box.items[0].told = told(
        scene.box.items[0].told, byteCount: UInt64(variant.count))
      try expectRefused(scene, what)
    }
  }

  @Test func partsOfTwoDepositsMakeNone() throws {
    let scene = try scene()
    let good = scene.box.items[0].bytes
    let other = try scene.sealed(
      .files([scene.folder.path + "/out/file"]), from: "alice", identity: 2, for: scene.bob)
    let (ends, otherEnds) = (borders(of: good), borders(of: other))
    for border in 1..<ends.count - 1 {
      let spliced = good[..<ends[border]] + other[otherEnds[border]...]
      try expectRefused(scene, [Array(spliced)], "spliced at \(border)")
    }
  }

  @Test func anotherDepositUnderThisNumberIsNotTaken() throws {
    let scene = try scene()
    let mine = scene.box.items[0]
    let other = try scene.sealed(
      .text("another"), from: "alice", identity: 2, for: scene.bob)
    scene.box.items[0].bytes = other
    scene.box.items[0].told = told(mine.told, byteCount: UInt64(other.count))
    try expectRefused(scene, "another letter")
    #expect(scene.watcher.texts.isEmpty)
  }

  @Test func aDepositUnderAnotherSendersNameIsNotTaken() throws {
    let scene = try DepositScene()
    try scene.leave("file", content, from: "mallory", identity: 6, told: "alice")
    try expectRefused(scene, "mallory's")
    #expect(try scene.peers.all().isEmpty)
  }

  @Test func aDepositForSomebodyElseOrForAnotherLoginIsNotTaken() throws {
    let scene = try DepositScene()
    for receiver in ["bob", "carol"] {
      let stranger = try scene.stranger(receiver)
      let bytes = try scene.sealed(.text("secret"), from: "alice", identity: 2, for: stranger)
      scene.box.items = []
      try scene.box.add(bytes, from: DepositScene.name("alice"))
      let result = try scene.fetch()
      #expect(result.left == 1 && result.status == .fileFailure)
      #expect(scene.watcher.texts.isEmpty)
      #expect(scene.person.said.last?.contains("keys are not on this device") == true)
    }
  }

  /// U2: a pin decides, and the person is told what to do.
  @Test func aSenderWhoseIdentityHasChangedIsNotTaken() throws {
    let scene = try DepositScene()
    try scene.leave("first", [1])
    #expect(try scene.fetch().taken == 1)
    try scene.leave("file", content, identity: 9)
    let result = try scene.fetch()
    #expect(result.left == 1 && result.status == .peerIdentityChanged)
    #expect(scene.received("file") == nil)
    #expect(
      scene.person.said.contains { $0.contains("The identity of alice has changed") })
  }

  /// G2: by KDC time and by one's own clock.
  @Test func whatHasExpiredIsNotTaken() throws {
    for (kdc, own) in [(31, 31), (31, 0), (0, 40)] as [(Int64, Int64)] {
      let scene = try scene()
      scene.box.clocks = PeerTrust.Clocks(
        kdc: SystemClock.now + .days(UInt64(kdc)), own: SystemClock.now + .days(UInt64(own)))
      let result = try scene.fetch()
      #expect(result.left == 2 && result.status == .transferBroken)
      #expect(scene.person.said.contains { $0.contains("is over") })
    }
  }

  @Test(arguments: [-1, 1, 100_000]) func anotherNumberOfBytesThanAskedForIsNotTaken(
    _ difference: Int
  ) throws {
    let scene = try scene()
    scene.box.items.removeLast()
    scene.box.bend = { part in
      difference < 0 ? part.dropLast() : part + [UInt8](repeating: 0, count: difference)
    }
    try expectRefused(scene, "\(difference)")
  }

  // MARK: Lists

  @Test func numbersThatGoBackOrComeTwiceEndIt() throws {
    let scene = try scene()
    let told = scene.box.items.map(\.told)
    for list in [[told[0], told[0]], [told[1], told[0]]] {
      scene.box.listing = { _ in (list, false) }
      #expect(throws: ClientFailure.self) { try WaitingListReader.all(of: &scene.box) }
    }
    // A page that begins at the beginning again.
    scene.box.listing = { _ in (told, true) }
    #expect(throws: ClientFailure.self) { try WaitingListReader.all(of: &scene.box) }
    scene.box.listing = { _ in ([], true) }
    #expect(throws: ClientFailure.self) { try WaitingListReader.all(of: &scene.box) }
  }

  @Test func aListWithoutEndIsLookedAtInPart() throws {
    let scene = try scene()
    let first = scene.box.items[0].told
    scene.box.listing = { after in
      ((after + 1...after + 500).map { told(first, number: $0) }, true)
    }
    let all = try WaitingListReader.all(of: &scene.box)
    #expect(all.numbers == Array(1...UInt64(WaitingList.limit)) && all.isCutOff)
    scene.box.listing = nil
    scene.box.pageLimit = 1
    let pages = try WaitingListReader.all(of: &scene.box)
    #expect(pages.numbers == [1, 2] && !pages.isCutOff)
  }
}

private enum WaitingListReader {
  static func all(of box: inout FakeBox) throws -> (numbers: [UInt64], isCutOff: Bool) {
    var list = WaitingList()
    var numbers: [UInt64] = []
    while let deposit = try list.next(from: &box) { numbers.append(deposit.number) }
    return (numbers, list.isCutOff)
  }
}
