import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("D1-D3: whether the KDC can connect to who asks")
struct ReachTests {
  private func ask(
    _ kdc: TestKDC, _ credential: borrowing Credential, port: UInt16 = 60_000
  ) -> Outgoing<ExpectReach> {
    credential.askForReach(port: port, at: kdc.now, random: &kdc.random)
  }

  /// Takes a request up to where a connection is to be tried.
  private func begin(
    _ kdc: TestKDC, _ message: [UInt8], from source: NetworkAddress
  ) throws -> PendingProbe? {
    guard
      case .lookUp(let query, let pending) = kdc.center.receive(
        message.bytes, from: source, isDatagram: false, at: kdc.now, random: &kdc.random),
      case .probe(_, _, let probe) = kdc.center.resume(
        pending, with: kdc.directory.lookUp(query), at: kdc.now, random: &kdc.random)
    else { return nil }
    return probe
  }

  @Test("D2: the connection goes to the observed address, at the port that was asked about")
  func observedAddress() throws {
    let kdc = try TestKDC()
    var bob = try kdc.member("bob")
    let target = try address(TestKDC.client, port: 60_000)
    for isListening in [true, false] {
      kdc.listeners = isListening ? [target] : []
      let asked = ask(kdc, bob)
      let granted = try asked.next.receive(kdc.reply(to: asked.message))
      #expect(granted.value == Reach(observed: kdc.source, isReached: isListening))
      #expect(granted.time == kdc.now)
      #expect(kdc.probes.last == target)
      #expect(kdc.events.last?.kind == .probed(port: 60_000, isReached: isListening))
      #expect(kdc.events.last?.name == bob.name)
      bob.renew(with: granted.renewal)
      kdc.advance(.seconds(2))
    }
    // From behind a mapped address it is IPv4 that is tried.
    let asked = ask(kdc, bob, port: 7)
    let mapped = try address(
      [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 9], port: 9)
    _ = try asked.next.receive(kdc.reply(to: asked.message, from: mapped))
    #expect(kdc.probes.last?.description == "192.0.2.9:7")
    #expect(kdc.probes.count == 3)
  }

  @Test("HOSTILE A 5: what has not verified makes the KDC connect to nobody")
  func unverified() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let message = ask(kdc, bob).message
    for index in message.indices {
      var bent = message
      bent[index] ^= 1
      _ = kdc.handle(bent)
    }
    #expect(kdc.probes.isEmpty)
    // Nor does a request that was made before.
    _ = try kdc.reply(to: message)
    #expect(kdc.handle(message).message == nil)
    #expect(kdc.lastRefusal == .replayed)
    #expect(kdc.probes.count == 1)
  }

  @Test("HOSTILE A 5: by datagram, whose source may be forged, it is silence")
  func datagram() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let asked = ask(kdc, bob)
    let answer = kdc.handle(asked.message, isDatagram: true)
    #expect(answer.message == nil)
    #expect(kdc.probes.isEmpty)
    // It has cost nothing: the same request by TCP is taken.
    _ = try asked.next.receive(kdc.reply(to: asked.message))
    #expect(kdc.probes.count == 1)
  }

  @Test("T3: nobody is connected to for a user who is not active, or whose login is over")
  func deadUser() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let asked = ask(kdc, bob)
    kdc.directory.edit(bob.name) { $0.state = .disabled }
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .loginOver)
    kdc.directory.edit(bob.name) { $0.state = .active }
    kdc.now = bob.end + .milliseconds(1)
    let late = ask(kdc, bob)
    #expect(late.next.failure(on: try kdc.reply(to: late.message)) == .loginOver)
    #expect(kdc.probes.isEmpty)
  }

  @Test("D2: one source has one connection at a time, and the next a second later")
  func perSource() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let carol = try kdc.member("carol")
    let first = ask(kdc, bob)
    let probe = try #require(try begin(kdc, first.message, from: kdc.source))
    // Whoever asks: it is the source that counts, from whichever port.
    let second = ask(kdc, carol)
    let neighbour = try address(TestKDC.client, port: 1)
    #expect(
      second.next.failure(on: try kdc.reply(to: second.message, from: neighbour)) == .unavailable)
    #expect(kdc.lastRefusal == .tooManyProbes)
    let elsewhere = ask(kdc, carol)
    let other = try address([192, 0, 2, 8], port: 1)
    _ = try elsewhere.next.receive(kdc.reply(to: elsewhere.message, from: other))

    let answer = kdc.center.finish(probe, isReached: true, at: kdc.now, random: &kdc.random)
    _ = try first.next.receive(try #require(answer.message))
    // It is answered once.
    let again = kdc.center.finish(probe, isReached: true, at: kdc.now, random: &kdc.random)
    #expect(again.message == nil)
    kdc.advance(.milliseconds(999))
    let soon = ask(kdc, bob)
    #expect(soon.next.failure(on: try kdc.reply(to: soon.message)) == .unavailable)
    kdc.advance(.milliseconds(1))
    let later = ask(kdc, bob)
    _ = try later.next.receive(kdc.reply(to: later.message))
  }

  @Test("D2: 64 connections are tried at a time; what never ends does not count for ever")
  func total() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    for number in 0..<64 {
      // Each /64 network is one source.
      let source = try address(
        [0x20, 1, 0, 0, 0, 0, 0, UInt8(number)] + [UInt8](repeating: 7, count: 8), port: 9)
      #expect(try begin(kdc, ask(kdc, bob).message, from: source) != nil)
    }
    let asked = ask(kdc, bob)
    #expect(asked.next.failure(on: try kdc.reply(to: asked.message)) == .unavailable)
    #expect(kdc.lastRefusal == .tooManyProbes)
    kdc.advance(.seconds(5))
    let later = ask(kdc, bob)
    _ = try later.next.receive(kdc.reply(to: later.message))
  }

  @Test("D3: a reply is no larger than what a datagram takes, and than the request by much")
  func size() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let asked = ask(kdc, bob)
    let reply = try kdc.reply(to: asked.message)
    #expect(reply.count == 18 + 1 + 8 + 32 + TicketGrantingTicket.byteCount + 19 + 1 + 16)
    #expect(reply.count <= 1232)
    #expect(reply.count <= 3 * asked.message.count)
  }

  @Test("T2, D3: port 0 is no port; reached is 0 or 1")
  func bounds() throws {
    var body = ByteWriter()
    body.uint8(4)
    body.uint16(0)
    #expect(
      failure(WireError.self) { _ = try GrantingRequest.parse(body.written) } == .invalid("port"))
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    let asked = ask(kdc, bob)
    let source = kdc.source
    let forged = try asked.next.opener.forge(.reach, renewal: true) { message in
      message.address(source)
      message.uint8(2)
    }
    #expect(asked.next.failure(on: forged) == .malformed(.invalid("reached")))
  }

  @Test("T4: a ticket for one's own name tells that the login is taken, and no more")
  func acceptance() throws {
    let kdc = try TestKDC()
    let bob = try kdc.member("bob")
    try kdc.announce(bob)
    let asked = bob.askForAcceptance(at: kdc.now, random: &kdc.random)
    let time = try asked.next.receive(kdc.reply(to: asked.message, isDatagram: true))
    #expect(time == kdc.now)
    kdc.directory.edit(bob.name) { $0.keyVersion += 1 }
    let late = bob.askForAcceptance(at: kdc.now, random: &kdc.random)
    let answer = try kdc.reply(to: late.message, isDatagram: true)
    #expect(late.next.failure(on: answer) == .loginOver)
  }
}
