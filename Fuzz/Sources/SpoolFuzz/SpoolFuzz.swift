import Cryptography
import FuzzSupport
import MailboxService
import SecretMemory
import Wire

@testable import MailboxSpool

/// What a mailbox finds in its spool when it starts: deposits, bent or with right checksums
/// whatever they say, parts of deposits, refusals, numbers. Nothing is served that was not stored,
/// and whatever is there, the mailbox goes on.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 9 {
  case 0: head(input.remainder())
  case 1: head(Honest.head.mutated(by: &input))
  case 2: trailer(input.remainder())
  case 3: trailer(Honest.trailer.mutated(by: &input))
  case 4: deposit(Honest.file.mutated(by: &input))
  case 5: summedDeposit(&input)
  case 6: part(&input)
  case 7: refusals(input.remainder())
  default: numbers(input.remainder())
  }
  return 0
}

private enum Honest {
  static let room = Reservation(
    sender: World.name("alice"), receiver: World.name("bob"), id: id(1), byteCount: 40)
  static let body = World.bytes("deposit", 40)
  static let head = DepositHead(room).encoded()
  static let trailer = trailer(after: head + body, number: 1)
  static let file = head + body + trailer

  static func id(_ byte: UInt8) -> DepositID {
    guard let id = DepositID([UInt8](repeating: byte, count: 32)) else { fatalError("no id") }
    return id
  }

  static func trailer(after content: [UInt8], number: UInt64) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(content.bytes)
    return DepositTrailer(number: number, stored: World.start, after: hasher).encoded()
  }
}

// MARK: Parts of files

private func head(_ bytes: [UInt8]) {
  guard let head = try? DepositHead(bytes.bytes) else { return }
  expect(head.encoded() == bytes, "a head has one spelling")
  expect(DepositHead.isPartialName(head.partialName(in: "b")), "its file is known as one of ours")
}

private func trailer(_ bytes: [UInt8]) {
  guard let trailer = try? DepositTrailer(bytes.bytes) else { return }
  expect(trailer.encoded() == bytes, "a trailer has one spelling")
}

// MARK: Files

private let disk = SpoolDisk()

private func deposit(_ bytes: [UInt8]) {
  disk.clear()
  disk.put(bytes, at: "boxes/bob/00000000000000000001")
  let spool = disk.open()
  spool.verify()
  let served = all(spool)
  expect(served.isEmpty == (bytes != Honest.file), "what was stored is served, and only that")
  expect(served.isEmpty || served == [Honest.body], "as it was stored")
  goesOn(spool, after: served.isEmpty ? 0 : 1)
}

private func summedDeposit(_ input: inout FuzzInput) {
  let number = UInt64(input.byte())
  let content = (Honest.head + Honest.body).mutated(by: &input)
  let bytes = content + Honest.trailer(after: content, number: number)
  disk.clear()
  disk.put(bytes, at: "boxes/bob/\(SpoolFolders.name(of: 1))")
  let spool = disk.open()
  let served = all(spool)
  if let body = served.first {
    expect(number == 1 && body == [UInt8](content[Honest.head.count...]), "all of its content")
    let head = [UInt8](content[..<Honest.head.count])
    expect((try? DepositHead(head.bytes)) != nil, "it has a head")
  }
  goesOn(spool, after: served.isEmpty ? 0 : 1)
}

/// Of one that broke off, whatever is there of it: its sender brings the rest.
private func part(_ input: inout FuzzInput) {
  let bytes = (Honest.head + Honest.body.prefix(20)).mutated(by: &input)
  disk.clear()
  disk.put(bytes, at: "incoming/\(DepositHead(Honest.room).partialName(in: SpoolDisk.boot))")
  let spool = disk.open()
  guard
    case .incoming(let deposit) = spool.begin(
      Honest.room.id, from: Honest.room.sender, for: Honest.room.receiver, byteCount: 40)
  else { fatalError("broken: a sender goes on, or begins") }
  let there = Int(deposit.offset)
  let isOurs = bytes.starts(with: Honest.head)
  let known = isOurs ? min(bytes.count - Honest.head.count, 40) : 0
  expect(there == known, "what there is of it is gone on with")
  let rest = [UInt8](Honest.body[there...])
  do {
    _ = try bring(rest, to: deposit)
  } catch {
    fatalError("broken: \(error)")
  }
  expect(
    all(spool) == [bytes.dropFirst(Honest.head.count).prefix(there) + rest], "what came is stored")
}

private func refusals(_ bytes: [UInt8]) {
  disk.clear()
  disk.put(bytes, at: "refused/bob")
  let names = bytes.split(separator: UInt8(ascii: "\n"))
    .compactMap { PrincipalName(String(decoding: $0, as: UTF8.self)) }
  for _ in 1...2 {
    let spool = disk.open()
    for name in Set(names.prefix(1000)) {
      guard case .refused(.notTaken) = begin(spool, from: name) else {
        fatalError("broken: a refusal stays")
      }
    }
  }
}

private func numbers(_ bytes: [UInt8]) {
  disk.clear()
  disk.put(bytes, at: "numbers")
  var last: UInt64 = 0
  for byte in UInt8(1)...3 {
    guard let number = leave(byte, disk.open()) else {
      // None is left, from now on.
      last = .max
      continue
    }
    expect(number > last, "no number is given twice")
    last = number
  }
}

// MARK: A mailbox

private func begin(_ spool: Spool, from sender: PrincipalName) -> Spool.Opening {
  spool.begin(Honest.id(9), from: sender, for: Honest.room.receiver, byteCount: 1)
}

/// What is served for Bob.
private func all(_ spool: Spool) -> [[UInt8]] {
  spool.list(for: Honest.room.receiver, after: 0).deposits.compactMap { waiting in
    guard let stored = try? spool.open(waiting.number, for: Honest.room.receiver) else {
      return nil
    }
    guard let bytes = try? stored.bytes(at: 0, count: Int(waiting.byteCount)) else {
      fatalError("broken: what is served can be read")
    }
    return bytes
  }
}

/// - Returns: its number.
private func bring(_ bytes: [UInt8], to deposit: IncomingDeposit) throws(MailboxReason) -> UInt64 {
  if !bytes.isEmpty { try deposit.append(bytes.bytes) }
  return try deposit.finish().deposit.number
}

/// - Returns: its number; nil where there is none left.
private func leave(_ byte: UInt8, _ spool: Spool) -> UInt64? {
  let opening = spool.begin(
    Honest.id(byte), from: World.name("carol"), for: World.name("dave"), byteCount: 1)
  guard case .incoming(let deposit) = opening else { fatalError("broken: a mailbox goes on") }
  do {
    return try bring([byte], to: deposit)
  } catch {
    expect(error == .notStored, "only a number can be lacking")
    return nil
  }
}

private func goesOn(_ spool: Spool, after number: UInt64) {
  guard let next = leave(7, spool) else { fatalError("broken: there are numbers") }
  expect(next > number, "no number is given twice")
}
