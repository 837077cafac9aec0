import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("M: mailboxes that a KDC knows")
final class MailboxListTests {
  private let kdc: TestKDC
  private let asker: Credential

  init() throws {
    kdc = try TestKDC()
    asker = try kdc.member("asker")
  }

  private func serve(_ credential: borrowing Credential) throws {
    let asked = credential.announce(
      port: 60_000, addresses: [], service: .mailbox, at: kdc.now, random: &kdc.random)
    _ = try asked.next.receive(kdc.reply(to: asked.message, isDatagram: true))
  }

  private func names(after: PrincipalName? = nil) throws -> [String] {
    let asked = asker.askForServices(.mailbox, after: after, at: kdc.now, random: &kdc.random)
    return try asked.next.receive(kdc.reply(to: asked.message, isDatagram: true)).value
      .map(\.description)
  }

  @Test("M1-M2: those who announce themselves as such are told, and nobody else")
  func list() throws {
    #expect(try names() == [])
    for name in ["post", "archive"] { try serve(kdc.member(name)) }
    try kdc.announce(kdc.member("receiver"))
    #expect(try names() == ["archive", "post"])
    #expect(try names(after: PrincipalName("archive")) == ["post"])
    #expect(try names(after: PrincipalName("post")) == [])
  }

  @Test("M2: more than fit into a datagram are told in several answers")
  func pages() throws {
    let all = (10...40).map { "post-\($0)" }
    for name in all.reversed() {
      kdc.advance(.seconds(1))
      try serve(kdc.member(name))
    }
    var told: [String] = []
    var page = try names()
    while !page.isEmpty {
      #expect(page.count <= ExpectServices.pageLimit)
      told += page
      page = try names(after: page.last.flatMap { PrincipalName($0) })
    }
    #expect(told == all)
    let asked = asker.askForServices(.mailbox, after: nil, at: kdc.now, random: &kdc.random)
    #expect(try kdc.reply(to: asked.message, isDatagram: true).count == 1069)
  }

  @Test("M2: a KDC that does not keep the order cannot make a client ask for ever")
  func order() throws {
    let names = ["b", "c"].compactMap { PrincipalName($0) }
    let asked = asker.askForServices(
      .mailbox, after: names[0], at: kdc.now, random: &kdc.random)
    let good = try asked.next.opener.forge(.services, renewal: true) { $0.names([names[1]]) }
    #expect(try asked.next.receive(good).value == [names[1]])
    for bad in [[names[0]], [names[1], names[1]], [names[1], names[0]]] {
      let forged = try asked.next.opener.forge(.services, renewal: true) { $0.names(bad) }
      #expect(
        exchangeFailure { _ = try asked.next.receive(forged) }
          == .malformed(.invalid("order of names")))
    }
    let many = (0...ExpectServices.pageLimit).compactMap { PrincipalName("z\(10 + $0)") }
    let forged = try asked.next.opener.forge(.services, renewal: true) { $0.names(many) }
    #expect(
      exchangeFailure { _ = try asked.next.receive(forged) }
        == .malformed(.invalid("number of names")))
  }

  @Test("P: a mailbox is reached with a service ticket, and takes no ticket of another purpose")
  func serviceTicket() throws {
    let pair = try PeerPair()
    let asked = pair.bob.announce(
      port: 60_000, addresses: [], service: .mailbox, at: pair.kdc.now, random: &pair.kdc.random)
    _ = try asked.next.receive(pair.kdc.reply(to: asked.message, isDatagram: true))
    let hello = try pair.call(from: pair.alice, to: pair.bob.name, purpose: .service)
    #expect(pair.failure(on: hello.message) == .ticketNotForUs)
    let answered = try pair.answer(hello.message, purpose: .service)
    _ = try hello.next.receive(answered.message)
    let other = try pair.call(from: pair.alice, to: pair.bob.name, purpose: .session)
    #expect(pair.failure(on: other.message, purpose: .service) == .ticketNotForUs)
  }

  @Test("M1: unknown kinds of services are malformed")
  func unknownService() {
    for (kind, service) in [(UInt8(5), UInt8(0)), (5, 2), (7, 0), (7, 2)] {
      var body = ByteWriter()
      body.uint8(kind)
      body.uint8(service)
      body.zeros(65)
      #expect(
        failure(WireError.self) { _ = try GrantingRequest.parse(body.written) }
          == .invalid("service"))
    }
  }
}
