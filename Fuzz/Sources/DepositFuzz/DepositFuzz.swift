import Cryptography
import FileTransfer
import FuzzSupport
import MailboxService
import SecretMemory
import Wire

@testable import KeyDistribution
@testable import Transport
@testable import TrentClient

private typealias Person = FuzzSupport.Person

/// A deposit that a mailbox gives out to who fetches it: any bytes, the sender's that are bent, in
/// pieces of any size, more or fewer than were asked for. Only what the sender sealed is opened.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 4 {
  case 0: frames(&input)
  case 1: open(Honest.deposit.mutated(by: &input), &input, isHonest: true)
  case 2: open(Honest.deposit.mutated(by: &input), &input, isHonest: false)
  default: open(input.remainder(), &input, isHonest: true)
  }
  return 0
}

/// A mailbox with one deposit.
private struct Box: DepositBox {
  let mailbox = World.name("post")
  let realm = World.realm
  let clocks = PeerTrust.Clocks(kdc: World.now, own: World.now)
  let bytes: [UInt8]
  /// Says how large a piece is, and what is wrong with it.
  var input: FuzzInput
  let isHonest: Bool

  mutating func successor(patience: Interval) -> Realm? { nil }
  mutating func collected(_ deposit: WaitingDeposit) throws(ClientFailure) {}

  mutating func list(
    after number: UInt64
  ) throws(ClientFailure) -> (deposits: [WaitingDeposit], hasMore: Bool) { ([], false) }

  mutating func fetch(
    _ number: UInt64, from offset: UInt64, byteCount: UInt32, _ take: (RawSpan) throws -> Void
  ) throws {
    let rest = bytes.dropFirst(Int(offset))
    expect(byteCount > 0 && rest.count >= Int(byteCount), "what there is is asked for")
    var part = [UInt8](rest.prefix(Int(byteCount)))
    if !isHonest { part = part.mutated(by: &input) }
    while !part.isEmpty {
      let size = 1 + Int(input.byte()) * 16
      let piece = [UInt8](part.prefix(size))
      part.removeFirst(piece.count)
      try take(piece.bytes)
    }
  }
}

/// The bytes are those that are there, however they come, and none is missing or added.
private func frames(_ input: inout FuzzInput) {
  let bytes = input.prefixed()
  var reader = DepositReader(waiting(bytes))
  var box = Box(bytes: bytes, input: input, isHonest: true)
  var read: [UInt8] = []
  do {
    while !reader.isAtEnd {
      let header = try reader.header(from: &box)
      var payload = [UInt8](repeating: 0, count: header.payloadCount)
      try reader.payload(header.payloadCount, into: &payload, from: &box)
      read += header.bytes + payload
    }
    expect(read == bytes, "frames are all that there is")
  } catch {
    expect(bytes.starts(with: read) && read.count < bytes.count, "up to what is no frame")
  }
}

private func waiting(_ bytes: [UInt8]) -> WaitingDeposit {
  // Whoever has bent the letter tells an id that fits.
  let count = bytes.count < 4 ? 0 : Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
  let letter = [UInt8](bytes.dropFirst(4).prefix(count))
  guard let id = DepositID(SHA256.hash(letter.bytes)) else { fatalError("no id") }
  return WaitingDeposit(
    number: 1, sender: Person.alice.name, stored: World.now, byteCount: UInt64(bytes.count), id: id)
}

private func open(_ bytes: [UInt8], _ input: inout FuzzInput, isHonest: Bool) {
  var box = Box(bytes: bytes, input: input, isHonest: isHonest)
  let keychain = Honest.keychain()
  do {
    switch try IncomingDeposit.open(waiting(bytes), in: &box, with: keychain) {
    case .new(let deposit):
      // The chunks have seals of their own, which TransferFuzz tries.
      expect(
        !isHonest || bytes.prefix(Honest.listEnd) == Honest.deposit.prefix(Honest.listEnd),
        "letter and list are the sender's")
      expect(bytes.count == Honest.deposit.count, "a deposit has one length")
      expect(deposit.peer.name == Person.alice.name, "from who has left it")
      expect(deposit.manifest.totalSize == UInt64(Honest.content.count), "all of its list")
    case .taken: fatalError("broken: nothing was taken")
    }
  } catch {
    expect(bytes != Honest.deposit || !isHonest, "the sender's bytes are opened")
  }
}
