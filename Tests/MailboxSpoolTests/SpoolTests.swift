import DurableFiles
import Foundation
import MailboxService
import MailboxSpool
import SecretMemory
import Testing
import Wire

@Suite("Deposits on the disk")
struct SpoolTests {
  private let folder: SpoolFolder

  init() throws { folder = try SpoolFolder() }

  @Test("What is stored is listed, read and collected by its receiver, and is gone then")
  func stored() throws {
    let spool = try folder.open()
    let (first, second) = (try Letter(1), try Letter(2, for: "carol"))
    #expect(try first.leave(spool) == 1)
    #expect(try second.leave(spool) == 2)
    guard case .stored = first.begin(spool) else { throw TestProblem("not known") }
    #expect(try Letter.all(spool) == [first.body])
    let stored = try spool.open(1, for: first.receiver)
    #expect(try stored.bytes(at: 90, count: 10) == [UInt8](first.body[90...]))
    #expect(throws: MailboxReason.notThere) { try stored.bytes(at: 91, count: 10) }
    // Another's, and none at all, are the same.
    for (number, name) in [(UInt64(1), second.receiver), (2, first.receiver), (3, first.receiver)] {
      #expect(throws: MailboxReason.notThere) { _ = try spool.open(number, for: name) }
      #expect(throws: MailboxReason.notThere) {
        try spool.collect(number, number == 2 ? second.id : first.id, for: name)
      }
    }
    #expect(throws: MailboxReason.notThere) {
      try spool.collect(1, second.id, for: first.receiver)
    }
    #expect(folder.deposits.count == 2)
    try spool.collect(1, first.id, for: first.receiver)
    #expect(folder.deposits == ["boxes/carol/00000000000000000002"])
    #expect(!FileManager.default.fileExists(atPath: folder.path("boxes/bob")))
    // Who reads meanwhile goes on.
    #expect(try stored.bytes(at: 0, count: 100) == first.body)
    #expect(throws: MailboxReason.notThere) { try spool.collect(1, first.id, for: first.receiver) }
    #expect(folder.events.isEmpty)
  }

  @Test("HOSTILE D 18: stopped at any step, what was acknowledged is there and nothing else")
  func stoppedAnywhere() throws {
    let letters = try (1...3).map { try Letter($0) }
    var acknowledged: [[UInt8]] = []
    func check() throws {
      let copy = try folder.copy()
      let spool = try copy.open()
      #expect(try Letter.all(spool) == acknowledged)
      spool.verify()
      #expect(copy.events.isEmpty)
      // Whatever is half there is gone on with.
      for letter in letters where !acknowledged.contains(letter.body) { try letter.leave(spool) }
      #expect(try Letter.all(spool) == letters.map(\.body))
    }
    do {
      let spool = try folder.open()
      try check()
      for letter in letters {
        let deposit = try letter.opened(spool)
        try check()
        for start in stride(from: 0, to: letter.body.count, by: 40) {
          try letter.append(start..<min(start + 40, letter.body.count), to: deposit)
          try check()
        }
        _ = try deposit.finish()
        acknowledged.append(letter.body)
        try check()
      }
    }
  }

  @Test("A file on its way that is torn anywhere is gone on with, with what there is of it")
  func torn() throws {
    let letter = try Letter(1)
    do {
      let spool = try folder.open()
      let deposit = try letter.opened(spool)
      try letter.appendRest(to: deposit)
    }
    let name = try #require(folder.files.first { $0.hasPrefix("incoming/") })
    // A trailer may have been begun.
    let whole = try folder.bytes(of: name) + [UInt8](repeating: 9, count: 48)
    let headCount = whole.count - 148
    for count in headCount...whole.count {
      let copy = try folder.copy()
      try copy.put([UInt8](whole[..<count]), at: name)
      let spool = try copy.open()
      let deposit = try letter.opened(spool)
      #expect(deposit.offset == UInt64(min(count - headCount, 100)))
      try letter.appendRest(to: deposit)
      _ = try deposit.finish()
      #expect(try Letter.all(spool) == [letter.body])
      #expect(copy.events.isEmpty)
    }
    // A head that is not whole was never anything, and is what a kill may leave.
    for count in [0, 1, headCount - 1] {
      let copy = try folder.copy()
      try copy.put([UInt8](whole[..<count]), at: name)
      #expect(try Letter.all(copy.open()).isEmpty)
      #expect(!copy.files.contains { $0.hasPrefix("incoming/") } && copy.events.isEmpty)
    }
    // After a power cut nobody knows what there is of it.
    let spool = try folder.open(boot: "b2")
    #expect(!folder.files.contains { $0.hasPrefix("incoming/") })
    #expect(try letter.opened(spool).offset == 0)
  }

  @Test("What breaks off is kept for the same sender, id and size, counts, and expires in a day")
  func broken() throws {
    let letter = try Letter(1)
    do {
      let spool = try folder.open { $0.boxByteLimit = 150 }
      let deposit = try letter.opened(spool)
      try letter.append(0..<30, to: deposit)
      #expect(letter.refusal(spool) == .busy)
    }
    for _ in 1...2 {
      let spool = try folder.open { $0.boxByteLimit = 150 }
      #expect(try Letter(2).refusal(spool) == .notTaken)
      #expect(try Letter(1, count: 99).refusal(spool) == .notTaken)
      #expect(try Letter(1, from: "carol").refusal(spool) == .notTaken)
      #expect(try letter.opened(spool).offset == 30)
    }
    let spool = try folder.open { $0.boxByteLimit = 150 }
    // Nothing is kept of what brought nothing.
    #expect(try Letter(3, count: 20).opened(spool).offset == 0)
    #expect(folder.files.count { $0.hasPrefix("incoming/") } == 1)
    folder.pass(.days(2))
    spool.expire()
    #expect(!folder.files.contains { $0.hasPrefix("incoming/") })
    try Letter(2).leave(spool)
  }

  @Test("Numbers are never given twice: after collecting everything, restarts, and a lost file")
  func numbers() throws {
    var given: [UInt64] = []
    let letter = try Letter(1)
    for round in 1...5 {
      let spool = try folder.open()
      for _ in 1...2 {
        let number = try letter.leave(spool)
        given.append(number)
        try spool.collect(number, letter.id, for: letter.receiver)
      }
      if round == 3 { try FileManager.default.removeItem(atPath: folder.path("numbers")) }
      if round == 4 { try folder.put([UInt8]("x".utf8), at: "numbers") }
      folder.pass(.seconds(100))
    }
    #expect(Set(given).count == given.count && given == given.sorted())
    #expect(given.prefix(6) == [1, 2, 1001, 1002, 2001, 2002])
    // What somebody else has put there says nothing: there may be no number after it.
    let last = try #require(given.last)
    try FileManager.default.createDirectory(
      atPath: folder.path("boxes/bob"), withIntermediateDirectories: true)
    for name in ["00000900000000000000", "09223372036854775806"] {
      try folder.put([], at: "boxes/bob/\(name)")
    }
    #expect((last...last + 1001).contains(try letter.leave(folder.open())))
    #expect(folder.events.filter { $0.hasPrefix("damaged") }.count == 2)
  }

  @Test(
    "Whatever is in the place of the numbers, the mailbox starts and gives higher ones",
    arguments: ["", "x", String(repeating: "7", count: 65), String(repeating: "\n", count: 10_000)])
  func damagedNumbers(_ text: String) throws {
    let first = try Letter(1).leave(folder.open())
    try folder.put([UInt8](text.utf8), at: "numbers")
    folder.pass(.seconds(100))
    #expect(try Letter(2).leave(folder.open()) > first)
  }

  @Test("Where there is no number left nothing is stored, and none is given twice")
  func lastNumbers() throws {
    try folder.put([UInt8]("9223372036854775805\n".utf8), at: "numbers")
    for expected in [UInt64?.some(9_223_372_036_854_775_805), nil, nil] {
      // The numbers up to the end have been taken by then.
      let spool = try folder.open()
      if let expected { #expect(try Letter(1).leave(spool) == expected) }
      if expected != nil { #expect(try Letter(2).leave(spool) == 9_223_372_036_854_775_806) }
      let deposit = try Letter(3).opened(spool)
      try Letter(3).appendRest(to: deposit)
      #expect(throws: MailboxReason.notStored) { _ = try deposit.finish() }
    }
    #expect(folder.deposits.count == 2)
  }

  @Test("What has waited long enough expires, and what was collected meanwhile is not told")
  func expired() throws {
    do {
      let spool = try folder.open()
      try Letter(1).leave(spool)
      folder.pass(.days(29))
      try Letter(2).leave(spool)
      folder.pass(.days(1))
      spool.expire()
      #expect(try Letter.all(spool).count == 2)
      folder.pass(.milliseconds(1))
      spool.expire()
      #expect(try Letter.all(spool) == [Letter(2).body])
    }
    folder.pass(.days(30))
    let spool = try folder.open()
    // Nobody waits for that at the start.
    #expect(try Letter.all(spool) == [Letter(2).body])
    for number in 3...9 { try Letter(number, for: number < 6 ? "bob" : "carol").leave(spool) }
    folder.pass(.days(31))
    try spool.collect(1003, Letter(5).id, for: Letter(5).receiver)
    spool.expire()
    #expect(folder.deposits.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("boxes")).isEmpty)
    let expected =
      [1, 2, 1001, 1002].map { "expired number \($0) from alice for bob" }
      + (1004...1007).map { "expired number \($0) from alice for carol" }
    #expect(folder.events.sorted() == expected.sorted())
  }

  @Test("HOSTILE G 24: a sender who is refused loses what it has on its way in, then and there")
  func refusedOnItsWay() throws {
    let spool = try folder.open()
    let (idle, coming, whole) = (try Letter(1), try Letter(2), try Letter(3))
    func begin(_ letter: Letter, _ part: Range<Int>) throws -> IncomingDeposit {
      let deposit = try letter.opened(spool)
      try letter.append(part, to: deposit)
      return deposit
    }
    _ = try begin(idle, 0..<10)
    let (half, full) = (try begin(coming, 0..<10), try begin(whole, 0..<100))
    let broken = try Letter(4)
    try {
      let lost = try begin(broken, 0..<10)
      try spool.refuse(idle.sender, for: idle.receiver)
      _ = lost.missing
    }()
    #expect(throws: MailboxReason.notTaken) { try coming.appendRest(to: half) }
    #expect(throws: MailboxReason.notTaken) { _ = try full.finish() }
    #expect(folder.deposits.isEmpty)
    #expect(!folder.files.contains { $0.hasPrefix("incoming/") }, "\(folder.files)")
    try spool.allow(idle.sender, for: idle.receiver)
    for letter in [idle, coming, whole, broken] {
      #expect(try letter.opened(spool).offset == 0)
    }
  }

  @Test("Of a sender who is refused nothing is kept over a restart, either")
  func refusedBeforeTheStart() throws {
    let letter = try Letter(1)
    do {
      let spool = try folder.open()
      let deposit = try letter.opened(spool)
      try letter.append(0..<10, to: deposit)
    }
    try folder.put([UInt8]("alice\n".utf8), at: "refused/bob")
    _ = try folder.open()
    #expect(!folder.files.contains { $0.hasPrefix("incoming/") })
  }

  @Test("Going on a little every day does not keep what has broken off for ever")
  func neverEnding() throws {
    let (spool, letter) = (try folder.open(), try Letter(1))
    func goOn(from offset: Int) throws {
      let deposit = try letter.opened(spool)
      #expect(deposit.offset == UInt64(offset))
      try letter.append(offset..<offset + 1, to: deposit)
    }
    try goOn(from: 0)
    folder.pass(.hours(20))
    spool.expire()
    try goOn(from: 1)
    folder.pass(.hours(5))
    spool.expire()
    try goOn(from: 0)
  }

  @Test("Limits count what is on the disk after a restart, too")
  func limits() throws {
    try Letter(1).leave(folder.open())
    let spool = try folder.open { $0.boxByteLimit = 150 }
    #expect(try Letter(2).refusal(spool) == .notTaken)
    try Letter(2, count: 50).leave(spool)
    #expect(try Letter(3, count: 1).refusal(spool) == .notTaken)
  }

  @Test("Refusals survive a restart; lines that are no names are told, the others count")
  func refusals() throws {
    let letter = try Letter(1)
    let (carol, dave) = (try #require(PrincipalName("carol")), try #require(PrincipalName("dave")))
    do {
      let spool = try folder.open { $0.refusedSenderLimit = 2 }
      for name in [letter.sender, letter.sender, carol] {
        try spool.refuse(name, for: letter.receiver)
      }
      #expect(throws: MailboxReason.full) { try spool.refuse(dave, for: letter.receiver) }
    }
    #expect(try folder.bytes(of: "refused/bob") == [UInt8]("alice\ncarol\n".utf8))
    do {
      let spool = try folder.open()
      #expect(letter.refusal(spool) == .notTaken)
      try spool.allow(letter.sender, for: letter.receiver)
      try letter.leave(spool)
      #expect(try folder.bytes(of: "refused/bob") == [UInt8]("carol\n".utf8))
      try spool.allow(carol, for: letter.receiver)
      #expect(!folder.files.contains("refused/bob"))
    }
    try folder.put([UInt8]("alice\nNo Name\ncar".utf8), at: "refused/bob")
    // A kill in the middle of writing one may leave this.
    try folder.put([UInt8]("ali".utf8), at: "refused/.bob.x1y2z3.partial")
    let spool = try folder.open()
    #expect(try Letter(2).refusal(spool) == .notTaken)
    #expect(folder.events.count == 1 && folder.files.contains("damaged/1"))
    #expect(folder.files.filter { $0.hasPrefix("refused/") } == ["refused/bob"])
    #expect(try folder.bytes(of: "refused/bob") == [UInt8]("alice\ncar\n".utf8))
  }

  @Test("One process at a time has a spool")
  func locked() throws {
    let spool = try folder.open()
    #expect(throws: SpoolFailure.self) { _ = try folder.open() }
    try Letter(1).leave(spool)
  }
}
