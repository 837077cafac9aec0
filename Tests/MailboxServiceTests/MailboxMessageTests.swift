import MailboxService
import SecretMemory
import Testing
import Wire

@Suite("Messages of a mailbox")
struct MailboxMessageTests {
  private let requests: [MailboxRequest]
  private let replies: [MailboxReply]

  init() throws {
    let bob = try #require(PrincipalName("bob"))
    let id = try #require(DepositID([UInt8](0..<32)))
    requests = [
      .leave(for: bob, id, byteCount: 1 << 40), .list(after: .max),
      .fetch(number: 7, offset: 1 << 33, byteCount: 1 << 20), .collected(number: 7, id),
      .refuse(bob), .allow(bob),
    ]
    let deposits = [UInt64(3), 9].map {
      WaitingDeposit(
        number: $0, sender: bob, stored: Timestamp(milliseconds: 5), byteCount: 8, id: id)
    }
    replies =
      MailboxReason.allCases.map { .refused($0) } + [
        .goOn(offset: 1 << 33), .stored, .waiting([], hasMore: false),
        .waiting(deposits, hasMore: true), .content(byteCount: 12), .done,
      ]
  }

  private func bent(_ record: [UInt8]) -> [[UInt8]] {
    (0..<record.count).map { [UInt8](record[..<$0]) } + [record + [0], [0] + record, [99]]
  }

  @Test("Each is read as it was written, and in no other length")
  func roundTrips() throws {
    for request in requests {
      let record = request.encoded()
      #expect(try MailboxRequest(record.bytes) == request)
      for bogus in bent(record) {
        #expect(throws: WireError.self) { try MailboxRequest(bogus.bytes) }
      }
    }
    for reply in replies {
      let record = reply.encoded()
      #expect(try MailboxReply(record.bytes) == reply)
      for bogus in bent(record) {
        #expect(throws: WireError.self) { try MailboxReply(bogus.bytes) }
      }
    }
  }

  @Test("A list that is out of order, too long, or empty and goes on is refused")
  func lists() throws {
    guard case .waiting(let deposits, _)? = replies.first(where: { $0.encoded().count > 200 })
    else { return #expect(Bool(false), "there is a list") }
    let backwards = MailboxReply.waiting(deposits.reversed(), hasMore: false).encoded()
    #expect(throws: WireError.invalid("order of deposits")) { try MailboxReply(backwards.bytes) }
    let twice = MailboxReply.waiting([deposits[0], deposits[0]], hasMore: false).encoded()
    #expect(throws: WireError.invalid("order of deposits")) { try MailboxReply(twice.bytes) }
    for bogus: [UInt8] in [[4, 1, 0, 0], [4, 2, 0, 0], [4, 0, 255, 255], [1, 0], [1, 7]] {
      #expect(throws: WireError.self) { try MailboxReply(bogus.bytes) }
    }
  }
}
