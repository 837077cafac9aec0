import MailboxService
import SecretMemory
import Wire

@testable import KeyDistribution

let mailboxScenarios: [Scenario] = [
  Scenario("peer/deposit-parcel", "V5: a whole deposit in its frames, sealed and opened.") { tape in
    let parcel = try TapeParcel(tape)
    let bytes = try TapeParcel.encoded(parcel.frames)
    let opened = try parcel.open(bytes)
    try tape.begin("parcel opened")
    try tape.check("content", opened)
  },
  Scenario("peer/mailbox", "V1-V5: every request to a mailbox, and every answer.", run: visit),
]

/// A session of alice's with bob, who serves as a mailbox.
private func visit(_ tape: Tape) throws {
  let peers = try TapePeers(tape, purpose: .service)
  let ends = try peers.answer(try peers.hello())
  try tape.begin("leave")
  let bytes = try tape.drawn("id", DepositID.byteCount)
  let id = try depositID(bytes)
  var visit = try TapeVisit(tape, ends, leaving: bytes)
  try visit.answer("go on") { .goOn(offset: try tape.number("offset", UInt64(40))) }
  try visit.piece("bytes", 60, toMailbox: true)
  try visit.answer("stored") { .stored }
  try visit.request("list") { .list(after: try tape.number("number", UInt64(3))) }
  try visit.answer("waiting") {
    let waiting = WaitingDeposit(
      number: try tape.number("number", UInt64(7)),
      sender: try principal(tape.word("name", "carol")),
      stored: try tape.time("stored", World.start), byteCount: try tape.number("size", UInt64(50)),
      id: id)
    return .waiting([waiting], hasMore: try tape.number("more", UInt8(1)) == 1)
  }
  try visit.request("list again") { .list(after: try tape.number("number", UInt64(7))) }
  try visit.answer("nothing waiting") { .waiting([], hasMore: false) }
  try visit.request("fetch") {
    .fetch(
      number: try tape.number("number", UInt64(7)), offset: try tape.number("offset", UInt64(20)),
      byteCount: try tape.number("count", UInt32(100)))
  }
  try visit.answer("content") { .content(byteCount: try tape.number("count", UInt32(30))) }
  try visit.piece("content bytes", 30, toMailbox: false)
  try visit.request("collected") { .collected(number: try tape.number("number", UInt64(7)), id) }
  try visit.answer("done") { .done }
  try visit.request("refuse") { .refuse(try principal(tape.word("name", "carol"))) }
  try visit.answer("refuse done") { .done }
  try visit.request("allow") { .allow(try principal(tape.word("name", "carol"))) }
  for reason in MailboxReason.allCases {
    try visit.answer("refused \(reason.rawValue)") {
      guard let reason = MailboxReason(rawValue: try tape.number("reason", reason.rawValue)) else {
        throw TranscriptProblem("no reason")
      }
      return .refused(reason)
    }
  }
}

/// Both ends of a session with a mailbox. Each record is sealed by one and opened by the other.
private struct TapeVisit: ~Copyable {
  private let tape: Tape
  private var user: PeerSession
  private var mailbox: PeerSession

  /// Section `leave`: the first request.
  init(_ tape: Tape, _ ends: consuming TapePeers.Ends, leaving id: [UInt8]) throws {
    var sender = ends.sender
    let awaiting = ends.responder
    let request = MailboxRequest.leave(
      for: try principal(tape.word("name", "carol")), try depositID(id),
      byteCount: try tape.number("size", UInt64(100)))
    let plaintext = request.encoded()
    try tape.check("plaintext", plaintext)
    let record = try sender.seal(plaintext.bytes)
    try tape.check("record", record)
    let accepted = try awaiting.receive(record.bytes)
    let first = accepted.firstRecord
    let receiver = accepted.session
    let read = try MailboxRequest(first.bytes)
    try tape.require(read == request, "the request")
    self.tape = tape
    user = sender
    mailbox = receiver
  }

  mutating func request(_ title: String, _ make: () throws -> MailboxRequest) throws {
    try tape.begin(title)
    let request = try make()
    let opened = try bring(request.encoded(), toMailbox: true)
    let read = try MailboxRequest(opened.bytes)
    try tape.require(read == request, "the request")
  }

  mutating func answer(_ title: String, _ make: () throws -> MailboxReply) throws {
    try tape.begin(title)
    let reply = try make()
    let opened = try bring(reply.encoded(), toMailbox: false)
    let read = try MailboxReply(opened.bytes)
    try tape.require(read == reply, "the answer")
  }

  /// Bytes of a deposit.
  mutating func piece(_ title: String, _ count: Int, toMailbox: Bool) throws {
    try tape.begin(title)
    let bytes = try tape.drawn("bytes", count)
    _ = try bring(bytes, toMailbox: toMailbox)
  }

  private mutating func bring(_ plaintext: [UInt8], toMailbox: Bool) throws -> [UInt8] {
    try tape.check("plaintext", plaintext)
    let record = toMailbox ? try user.seal(plaintext.bytes) : try mailbox.seal(plaintext.bytes)
    try tape.check("record", record)
    let opened = toMailbox ? try mailbox.open(record.bytes) : try user.open(record.bytes)
    return [UInt8](opened.bytes)
  }
}

private func depositID(_ bytes: [UInt8]) throws -> DepositID {
  guard let id = DepositID(bytes) else { throw TranscriptProblem("no id") }
  return id
}
