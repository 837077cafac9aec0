internal import FuzzSupport
internal import MailboxService
internal import SecretMemory
internal import Wire

/// A mailbox: its messages, any bytes and valid ones that were bent; its rules, as a list of steps
/// that anybody may make in any order; and the whole of it, with its disk, in sessions. What is
/// read is written as it was read, and no limit is ever passed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 6 {
  case 0: request(input.remainder())
  case 1: reply(input.remainder())
  case 2: request(templates.requests[Int(input.byte()) % 6].encoded().mutated(by: &input))
  case 3: reply(templates.replies[Int(input.byte()) % 6].encoded().mutated(by: &input))
  case 5: MailboxBench.run(&input)
  default: rules(&input)
  }
  return 0
}

private func request(_ record: [UInt8]) {
  guard let request = try? MailboxRequest(record.bytes) else { return }
  expect(request.encoded() == record, "a request is written otherwise than read")
}

private func reply(_ record: [UInt8]) {
  guard let reply = try? MailboxReply(record.bytes) else { return }
  expect(reply.encoded() == record, "an answer is written otherwise than read")
}

private let templates: (requests: [MailboxRequest], replies: [MailboxReply]) = {
  guard let bob = PrincipalName("bob"), let id = DepositID([UInt8](0..<32)) else {
    preconditionFailure("a name and 32 bytes")
  }
  let waiting = WaitingDeposit(
    number: 7, sender: bob, stored: Timestamp(milliseconds: 5), byteCount: 8, id: id)
  return (
    [
      .leave(for: bob, id, byteCount: 1 << 33), .list(after: 3),
      .fetch(number: 7, offset: 1 << 33, byteCount: 1 << 20), .collected(number: 7, id),
      .refuse(bob), .allow(bob),
    ],
    [
      .refused(.full), .goOn(offset: 1 << 33), .stored, .waiting([waiting], hasMore: true),
      .content(byteCount: 12), .done,
    ]
  )
}()

// MARK: The rules

private let names = ["alice", "bob", "carol", "dave"].compactMap(PrincipalName.init)

/// Steps of four bytes: which, who, for whom, how many bytes.
private func rules(_ input: inout FuzzInput) {
  var policy = MailboxPolicy()
  policy.depositByteLimit = 100
  policy.boxByteLimit = 250
  policy.boxCountLimit = 12
  policy.senderByteLimit = 300
  policy.byteLimit = 500
  var boxes = Boxes(policy)
  var rooms: [Reservation] = []
  var (now, number) = (Timestamp(milliseconds: 0), UInt64(0))
  for _ in 0..<200 where !input.isEmpty {
    let step = input.byte()
    let (sender, receiver) = (names[Int(input.byte() & 3)], names[Int(input.byte() & 3)])
    let size = input.byte()
    switch step % 8 {
    case 0, 1:
      guard let id = DepositID([UInt8](repeating: size, count: 32)) else { break }
      if case .room(let room) = boxes.admit(
        id, from: sender, for: receiver, byteCount: UInt64(size))
      {
        expect(!rooms.contains(room), "one room for two")
        rooms.append(room)
      }
    case 2:
      guard let room = rooms.popLast() else { break }
      number += 1
      expect(boxes.store(room, as: number, at: now)?.deposit.number == number, "stored")
    case 3: if let room = rooms.popLast() { boxes.release(room) }
    case 4:
      guard let room = rooms.popLast() else { break }
      if !boxes.pause(room, at: now) {
        expect(!boxes.isWanted(room), "only what is refused is not kept")
        boxes.release(room)
      }
    case 5:
      if let waiting = boxes.list(for: receiver, after: UInt64(size)).deposits.first {
        boxes.remove(Boxes.Item(receiver: receiver, waiting))
        expect(boxes.deposit(waiting.number, for: receiver) == nil, "gone")
      }
    case 6:
      if size & 1 == 0 {
        for room in boxes.refuse(sender, for: receiver) ?? [] { boxes.release(room) }
      } else {
        boxes.allow(sender, for: receiver)
      }
    default:
      now = now + .hours(UInt64(size))
      for item in boxes.expired(at: now) { boxes.remove(item) }
      for room in boxes.expirePartial(at: now) { boxes.release(room) }
    }
    check(boxes, policy)
  }
}

private func check(_ boxes: Boxes, _ policy: MailboxPolicy) {
  var total: UInt64 = 0
  for receiver in names {
    let deposits = boxes.list(for: receiver, after: 0).deposits
    let size = deposits.reduce(0) { $0 + $1.byteCount }
    expect(
      deposits.count <= policy.boxCountLimit && size <= policy.boxByteLimit, "limits of a box")
    for sender in names {
      let share = deposits.filter { $0.sender == sender }
      expect(
        share.count <= policy.shareCountLimit
          && share.reduce(0) { $0 + $1.byteCount } <= policy.shareByteLimit, "a sender's share")
    }
    expect(deposits.map(\.number) == deposits.map(\.number).sorted(), "order")
    total += size
  }
  expect(total <= policy.byteLimit, "the limit of all")
  for sender in names {
    let size = boxes.all.filter { $0.deposit.sender == sender }.reduce(0) {
      $0 + $1.deposit.byteCount
    }
    expect(size <= policy.senderByteLimit, "limits of a sender")
  }
}
