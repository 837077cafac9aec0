import MailboxService
import Testing
import Wire

@Suite("What waits for whom")
struct BoxesTests {
  private let alice: PrincipalName
  private let bob: PrincipalName
  private let carol: PrincipalName
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  init() throws {
    alice = try #require(PrincipalName("alice"))
    bob = try #require(PrincipalName("bob"))
    carol = try #require(PrincipalName("carol"))
  }

  private func id(_ byte: UInt8) throws -> DepositID {
    try #require(DepositID([UInt8](repeating: byte, count: 32)))
  }

  /// Leaves something and stores it.
  @discardableResult
  private func leave(
    _ byte: UInt8, from sender: PrincipalName? = nil, for receiver: PrincipalName? = nil,
    byteCount: UInt64 = 10, in boxes: inout Boxes, at moment: Timestamp? = nil
  ) throws -> MailboxReason? {
    switch boxes.admit(
      try id(byte), from: sender ?? alice, for: receiver ?? bob, byteCount: byteCount)
    {
    case .room(let room):
      let number = (boxes.all.last?.deposit.number ?? 0) + 1
      #expect(boxes.store(room, as: number, at: moment ?? now) != nil)
      #expect(boxes.store(room, as: number + 1, at: now) == nil)
      return nil
    case .known: return nil
    case .refused(let reason): return reason
    }
  }

  /// Whether there was room for one more who is refused.
  private func refuse(
    _ sender: PrincipalName, for receiver: PrincipalName, in boxes: inout Boxes
  ) -> Bool {
    boxes.refuse(sender, for: receiver) != nil
  }

  /// Room for something of alice's for bob, unless it is refused.
  private func room(
    _ byte: UInt8, byteCount: UInt64 = 10, in boxes: inout Boxes
  ) throws -> Reservation {
    guard
      case .room(let room) = boxes.admit(
        try id(byte), from: alice, for: bob, byteCount: byteCount)
    else { throw NoRoom() }
    return room
  }

  /// Whether what broke off is kept.
  private func pause(
    _ room: Reservation, at moment: Timestamp, in boxes: inout Boxes
  ) -> Bool {
    boxes.pause(room, at: moment)
  }

  private func limited(_ edit: (inout MailboxPolicy) -> Void) -> Boxes {
    var policy = MailboxPolicy()
    edit(&policy)
    return Boxes(policy)
  }

  @Test("Each receiver sees its own, in the order of arrival, and collects that alone")
  func collected() throws {
    var boxes = Boxes(MailboxPolicy())
    for byte in UInt8(1)...3 { try leave(byte, in: &boxes) }
    try leave(4, for: carol, in: &boxes)
    let list = boxes.list(for: bob, after: 0)
    #expect(list.deposits.map(\.number) == [1, 2, 3] && !list.hasMore)
    #expect(boxes.list(for: bob, after: 2).deposits.map(\.number) == [3])
    #expect(boxes.list(for: alice, after: 0).deposits.isEmpty)
    #expect(boxes.deposit(4, for: bob) == nil)
    boxes.remove(Boxes.Item(receiver: bob, try #require(boxes.deposit(4, for: carol))))
    #expect(boxes.deposit(4, for: carol)?.sender == alice)
    let second = Boxes.Item(receiver: bob, try #require(boxes.deposit(2, for: bob)))
    for _ in 1...2 { boxes.remove(second) }
    #expect(boxes.deposit(2, for: bob) == nil)
    #expect(boxes.all.map(\.deposit.number) == [1, 3, 4])
    #expect(boxes.list(for: bob, after: 0).deposits.map(\.number) == [1, 3])
  }

  @Test("What the same sender left before is known; another's of the same name is not")
  func known() throws {
    var boxes = Boxes(MailboxPolicy())
    try leave(1, in: &boxes)
    #expect(boxes.admit(try id(1), from: alice, for: bob, byteCount: 10) == .known)
    #expect(try leave(1, from: carol, in: &boxes) == nil)
    #expect(boxes.list(for: bob, after: 0).deposits.map(\.sender) == [alice, carol])
    // Twice at a time: the second waits.
    let room = try room(2, in: &boxes)
    #expect(boxes.admit(try id(2), from: alice, for: bob, byteCount: 10) == .refused(.busy))
    boxes.release(room)
    #expect(try leave(2, in: &boxes) == nil)
  }

  @Test("Limits of a deposit, a box, a sender and in all; room is given back")
  func limits() throws {
    var boxes = limited { $0.depositByteLimit = 10 }
    #expect(try leave(1, byteCount: 11, in: &boxes) == .tooLarge)
    #expect(try leave(1, byteCount: .max, in: &boxes) == .tooLarge)
    boxes = limited { $0.boxByteLimit = 15 }
    #expect(try leave(1, in: &boxes) == nil)
    #expect(try leave(2, from: carol, in: &boxes) == .notTaken)
    #expect(try leave(2, from: bob, for: carol, in: &boxes) == nil)
    boxes.remove(try #require(boxes.all.first))
    #expect(try leave(3, from: carol, in: &boxes) == nil)
    boxes = limited { $0.boxCountLimit = 1 }
    #expect(try leave(1, in: &boxes) == nil)
    #expect(try leave(2, in: &boxes) == .notTaken)
    boxes = limited { $0.senderByteLimit = 15 }
    #expect(try leave(1, in: &boxes) == nil)
    #expect(try leave(2, for: carol, in: &boxes) == .notTaken)
    #expect(try leave(2, from: bob, for: carol, in: &boxes) == nil)
    boxes = limited { $0.senderCountLimit = 1 }
    #expect(try leave(1, in: &boxes) == nil)
    #expect(try leave(2, for: carol, in: &boxes) == .notTaken)
    #expect(try leave(2, from: carol, in: &boxes) == nil)
    boxes = limited { $0.countLimit = 1 }
    #expect(try leave(1, in: &boxes) == nil)
    #expect(try leave(2, from: bob, for: carol, in: &boxes) == .full)
    boxes = limited { $0.byteLimit = 15 }
    let room = try room(1, in: &boxes)
    #expect(try leave(2, from: bob, for: carol, in: &boxes) == .full)
    boxes.release(room)
    boxes.release(room)
    #expect(try leave(2, from: bob, for: carol, in: &boxes) == nil)
  }

  @Test("A sender who is refused learns no more than one whose box is full")
  func refused() throws {
    var boxes = Boxes(MailboxPolicy())
    #expect(refuse(alice, for: bob, in: &boxes))
    #expect(boxes.refusedSenders(for: bob) == [alice])
    #expect(try leave(1, in: &boxes) == .notTaken)
    #expect(try leave(1, from: carol, in: &boxes) == nil)
    #expect(try leave(2, for: carol, in: &boxes) == nil)
    boxes.allow(alice, for: bob)
    #expect(try leave(3, in: &boxes) == nil)
    #expect(try leave(4, from: bob, for: bob, in: &boxes) == .notTaken)
  }

  @Test("One receiver refuses so many at most; those that are refused stay so")
  func refusedSenderLimit() throws {
    var boxes = limited { $0.refusedSenderLimit = 1 }
    for _ in 1...2 { #expect(refuse(alice, for: bob, in: &boxes)) }
    #expect(!refuse(carol, for: bob, in: &boxes))
    #expect(refuse(carol, for: alice, in: &boxes))
    #expect(boxes.refusedSenders(for: bob) == [alice])
    boxes.allow(alice, for: bob)
    #expect(refuse(carol, for: bob, in: &boxes))
  }

  @Test("What breaks off keeps its room, for the same alone, until it has waited long enough")
  func broken() throws {
    var boxes = limited {
      $0.boxByteLimit = 15
      $0.partialLifetime = .hours(1)
    }
    let room = try room(1, in: &boxes)
    #expect(pause(room, at: now, in: &boxes))
    // It counts, and belongs to who left it, with its id and size.
    #expect(try leave(1, from: carol, in: &boxes) == .notTaken)
    #expect(try leave(2, in: &boxes) == .notTaken)
    #expect(try leave(1, byteCount: 9, in: &boxes) == .notTaken)
    #expect(boxes.admit(try id(1), from: alice, for: bob, byteCount: 10) == .room(room))
    #expect(boxes.admit(try id(1), from: alice, for: bob, byteCount: 10) == .refused(.busy))
    // Who brings bytes is not interrupted.
    #expect(boxes.expirePartial(at: now + .days(9)).isEmpty)
    #expect(pause(room, at: now + .minutes(59), in: &boxes))
    #expect(boxes.expirePartial(at: now + .hours(1)).isEmpty)
    #expect(boxes.expirePartial(at: now + .hours(1) + .milliseconds(1)) == [room])
    // Its file is being removed: nobody goes on with it, and the room is not free before that.
    #expect(boxes.expirePartial(at: now + .days(9)).isEmpty)
    #expect(try leave(1, in: &boxes) == .busy)
    #expect(try leave(2, byteCount: 15, in: &boxes) == .notTaken)
    boxes.release(room)
    #expect(try leave(2, byteCount: 15, in: &boxes) == nil)

    var again = limited { $0.boxByteLimit = 15 }
    for _ in 1...2 { again.restore(room, idleSince: now) }
    #expect(try leave(2, in: &again) == .notTaken)
    #expect(try leave(1, in: &again) == nil)
    #expect(refuse(alice, for: bob, in: &again))
    again.restore(
      Reservation(sender: alice, receiver: bob, id: try id(3), byteCount: 1), idleSince: now)
    #expect(again.admit(try id(3), from: alice, for: bob, byteCount: 1) == .refused(.notTaken))
  }

  @Test("Going on a little and breaking off again does not keep the room for longer")
  func brokenAgainAndAgain() throws {
    var boxes = limited { $0.partialLifetime = .hours(1) }
    let first = try room(1, in: &boxes)
    for minute in stride(from: UInt64(0), through: 60, by: 20) {
      #expect(pause(first, at: now + .minutes(minute), in: &boxes))
      #expect(boxes.expirePartial(at: now + .minutes(minute)).isEmpty)
      #expect(try room(1, in: &boxes) == first)
    }
    #expect(pause(first, at: now + .minutes(80), in: &boxes))
    #expect(boxes.expirePartial(at: now + .minutes(80)) == [first])
  }

  @Test("HOSTILE G 24: one sender has a quarter of a box; the others have the rest")
  func share() throws {
    var boxes = limited {
      $0.boxByteLimit = 400
      $0.boxCountLimit = 20
      $0.depositByteLimit = 50
    }
    for byte in UInt8(1)...4 { #expect(try leave(byte, byteCount: 25, in: &boxes) == nil) }
    #expect(try leave(5, byteCount: 1, in: &boxes) == .notTaken)
    #expect(try leave(5, for: carol, byteCount: 50, in: &boxes) == nil)
    #expect(try leave(6, from: carol, byteCount: 50, in: &boxes) == nil)
    // What is only promised counts, and what is gone does not.
    boxes.remove(try #require(boxes.all.first))
    let room = try room(7, byteCount: 20, in: &boxes)
    #expect(try leave(8, byteCount: 6, in: &boxes) == .notTaken)
    boxes.release(room)
    #expect(try leave(8, byteCount: 1, in: &boxes) == nil)
    #expect(try leave(9, byteCount: 1, in: &boxes) == nil)
    // By number, too.
    #expect(try leave(10, byteCount: 1, in: &boxes) == .notTaken)
    // Whatever the box, there is room for the largest deposit.
    boxes = limited {
      $0.boxByteLimit = 100
      $0.boxCountLimit = 2
      $0.depositByteLimit = 90
    }
    #expect(try leave(1, byteCount: 90, in: &boxes) == nil)
    #expect(try leave(2, byteCount: 1, in: &boxes) == .notTaken)
    #expect(try leave(2, from: carol, byteCount: 1, in: &boxes) == nil)
  }

  @Test("HOSTILE G 24: who is refused loses the room that it had, and nobody else does")
  func refusedWithRoom() throws {
    var boxes = Boxes(MailboxPolicy())
    let (idle, active) = (try room(1, in: &boxes), try room(2, in: &boxes))
    #expect(pause(idle, at: now, in: &boxes))
    guard
      case .room(let other) = boxes.admit(try id(3), from: carol, for: bob, byteCount: 10),
      case .room(let elsewhere) = boxes.admit(try id(4), from: alice, for: carol, byteCount: 10)
    else { throw NoRoom() }
    #expect(pause(other, at: now, in: &boxes))
    #expect(pause(elsewhere, at: now, in: &boxes))
    #expect(boxes.refuse(alice, for: bob) == [idle])
    #expect(boxes.refuse(alice, for: bob) == [])
    boxes.release(idle)
    // Who is still bringing bytes learns it with the next ones, and keeps nothing.
    #expect(!boxes.isWanted(active) && boxes.isWanted(other) && boxes.isWanted(elsewhere))
    #expect(!pause(active, at: now, in: &boxes))
    boxes.release(active)
    boxes.allow(alice, for: bob)
    #expect(try room(1, in: &boxes) == idle)
  }

  @Test("Nothing is taken for whom nobody knows whom it refuses")
  func shut() throws {
    var boxes = Boxes(MailboxPolicy())
    boxes.shut(bob)
    #expect(try leave(1, in: &boxes) == .notTaken)
    #expect(try leave(1, for: carol, in: &boxes) == nil)
    boxes.allow(alice, for: bob)
    #expect(boxes.isShut(bob) && !boxes.isShut(carol))
  }

  @Test("What has waited long enough goes, and makes room")
  func expired() throws {
    var boxes = limited { $0.boxByteLimit = 25 }
    try leave(1, in: &boxes)
    try leave(2, in: &boxes, at: now + .days(1))
    #expect(boxes.expired(at: now + .days(30)).isEmpty)
    let gone = boxes.expired(at: now + .days(30) + .milliseconds(1))
    #expect(gone.map(\.deposit.number) == [1])
    for item in gone { boxes.remove(item) }
    #expect(try leave(3, in: &boxes) == nil)
    #expect(boxes.list(for: bob, after: 0).deposits.map(\.number) == [2, 3])
  }

  @Test("What is taken up from the disk, in any order, is what there was")
  func restored() throws {
    var boxes = limited { $0.boxByteLimit = 35 }
    for byte in UInt8(1)...3 { try leave(byte, in: &boxes) }
    let items = boxes.list(for: bob, after: 0).deposits.map { Boxes.Item(receiver: bob, $0) }
    var again = limited { $0.boxByteLimit = 35 }
    for item in items.reversed() { again.restore(item) }
    #expect(again.list(for: bob, after: 0).deposits == items.map(\.deposit))
    #expect(try leave(4, in: &again) == .notTaken)
    #expect(again.admit(try id(1), from: alice, for: bob, byteCount: 10) == .known)
    again.remove(try #require(items.first))
    #expect(try leave(4, in: &again) == nil)
    #expect(again.list(for: bob, after: 3).deposits.map(\.number) == [4])
  }

  @Test("A box of a thousand is told in parts")
  func parts() throws {
    var boxes = Boxes(MailboxPolicy())
    for number in 0..<1000 {
      let bytes = [UInt8](repeating: UInt8(number % 250), count: 31) + [UInt8(number / 250)]
      let id = try #require(DepositID(bytes))
      guard case .room(let room) = boxes.admit(id, from: alice, for: bob, byteCount: 1) else {
        throw NoRoom()
      }
      #expect(boxes.store(room, as: UInt64(number) + 1, at: now) != nil)
    }
    var told: [UInt64] = []
    var isAtEnd = false
    while !isAtEnd {
      let (deposits, hasMore) = boxes.list(for: bob, after: told.last ?? 0)
      let record = MailboxReply.waiting(deposits, hasMore: hasMore).encoded()
      #expect(record.count <= 65_519)
      told += deposits.map(\.number)
      isAtEnd = !hasMore
    }
    #expect(told == (1...1000).map { UInt64($0) })
  }
}

/// A test got no room where it should have.
private struct NoRoom: Error {}
