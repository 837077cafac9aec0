import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution

/// Both ends of a peer session: the responder before message 1 and its first records, the initiator
/// before message 2. And the receiver of a deposit.
///
/// Input: what is fed to whom, then the bytes or the changes to valid ones.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 9 {
  case 0: responder(input.remainder())
  case 1: responder(Honest.hello.mutated(by: &input))
  case 2: ticket(Honest.ticketBody.mutated(by: &input))
  case 3: ticket(input.remainder())
  case 4: initiator(input.remainder())
  case 5: initiator(Honest.answer.mutated(by: &input))
  case 7: deposit(input.remainder())
  case 8: deposit(Honest.letter.mutated(by: &input))
  default: records(&input)
  }
  return 0
}

/// A session without a fault. All keys are fixed, so every run makes the same messages.
private enum Honest {
  static let ephemeral = World.bytes("fuzz initiator ephemeral", 32)
  static let responderEphemeral = World.bytes("fuzz responder ephemeral", 32)
  static let sessionKey = World.bytes("fuzz session key", 32)
  static let clocks = PeerTrust.Clocks(kdc: World.now, own: World.now)

  static let ticketBody = ticketBody(for: .session)

  private static func ticketBody(for purpose: Purpose) -> [UInt8] {
    let alice = Person.alice
    let ticket = Ticket(
      purpose: purpose, initiator: alice.name, responder: Person.bob.name,
      sessionKey: secret(sessionKey), ephemeral: key(ephemeral).publicKey,
      identity: alice.identity.publicKey, certificate: alice.certificate, loginKey: alice.signed,
      issued: World.start, expires: World.start + .minutes(5), id: [UInt8](repeating: 7, count: 8))
    var random = FuzzRandom(1)
    let sealed = ticket.sealed(
      under: SealingKey(secret(Person.bob.ticketKey)), realm: World.realm, random: &random)
    return opened(sealed)
  }

  static let hello = startedSession(with: sealedTicket(ticketBody)).message

  /// Message 2 to `hello`.
  static let answer: [UInt8] = {
    var cache = SessionReplayCache(now: World.now)
    guard let answer = try? respond(to: hello, &cache).message else { fatalError("no answer") }
    return answer
  }()

  static func key(_ bytes: [UInt8]) -> AgreementKey { AgreementKey(privateKey: secret(bytes)) }

  private static func opened(_ sealed: [UInt8]) -> [UInt8] {
    let key = SealingKey(secret(Person.bob.ticketKey))
    let context = ByteWriter(.ticket, in: World.realm)
    guard let body = try? key.openWithNonce(sealed.bytes, authenticating: context.written) else {
      fatalError("no ticket")
    }
    return [UInt8](body.bytes)
  }

  static func sealedTicket(_ body: [UInt8]) -> [UInt8] {
    var random = FuzzRandom(2)
    let context = ByteWriter(.ticket, in: World.realm)
    return SealingKey(secret(Person.bob.ticketKey)).sealWithNonce(
      body.bytes, authenticating: context.written, random: &random)
  }

  private static let claim = PeerClaim(
    name: Person.bob.name, identity: Person.bob.identity.publicKey,
    certificate: Person.bob.certificate, loginKey: Person.bob.signed)

  private static let trusted: TrustedPeer = {
    let trust = PeerTrust(realm: World.realm, own: Person.alice.name)
    guard let trusted = try? trust.judge(claim, pinned: nil, at: clocks) else {
      fatalError("no trust")
    }
    return trusted
  }()

  private static func grant(_ purpose: Purpose, with ticket: [UInt8]) -> SessionGrant {
    SessionGrant(
      peer: Person.bob.name, purpose: purpose, sessionKey: secret(sessionKey), claim: claim,
      addresses: [], ticket: ticket)
  }

  static func startedSession(with ticket: [UInt8]) -> Outgoing<ExpectHandshakeReply> {
    do {
      return try Person.alice.credential.startSession(
        grant(.session, with: ticket), with: trusted, ephemeral: key(ephemeral))
    } catch {
      fatalError("no session")
    }
  }

  /// The beginning of a deposit.
  static let letter: [UInt8] = {
    do {
      let started = try Person.alice.credential.startDeposit(
        grant(.deposit, with: sealedTicket(ticketBody(for: .deposit))), for: trusted,
        ephemeral: key(ephemeral), first: [1, 2, 3].bytes)
      let letter = started.letter
      return letter.bytes
    } catch {
      fatalError("no deposit")
    }
  }()

  static func respond(
    to message: [UInt8], _ cache: inout SessionReplayCache
  ) throws(PeerFailure) -> Outgoing<ExpectFirstRecord> {
    try Person.bob.credential.respond(
      to: message.bytes, cache: &cache, pinned: { _ in nil }, ephemeral: key(responderEphemeral),
      at: clocks)
  }
}

private func responder(_ message: [UInt8]) {
  var cache = SessionReplayCache(now: World.now)
  do throws(PeerFailure) {
    _ = try Honest.respond(to: message, &cache)
    expect(message == Honest.hello, "the responder accepts the initiator's bytes alone")
  } catch {
    expect(message != Honest.hello, "the responder accepts the initiator's bytes")
  }
}

/// A ticket that is sealed as it should be, whatever is in it, in a handshake as it should be.
private func ticket(_ body: [UInt8]) {
  let sealed = Honest.sealedTicket(body)
  guard sealed.count < 60_000 else { return }
  var cache = SessionReplayCache(now: World.now)
  let hello = Honest.startedSession(with: sealed)
  let message = hello.message
  let awaiting = hello.next
  do throws(PeerFailure) {
    let answer = try Honest.respond(to: message, &cache)
    let answered = answer.message
    expect(body.count == Honest.ticketBody.count, "a ticket has one length")
    // Another session key in the ticket shows when the initiator reads message 2.
    let session = try awaiting.receive(answered.bytes)
    expect(session.peer.name == Person.bob.name, "the initiator knows its peer")
  } catch {
    expect(body != Honest.ticketBody, "an honest ticket is good")
  }
}

private func deposit(_ bytes: [UInt8]) {
  let keys = DepositKeys(of: Person.bob.credential)
  let tag: DepositTag
  do {
    let letter = try DepositLetter(bytes.bytes)
    expect(letter.bytes == bytes, "a letter has one form")
    let opened = try keys.open(
      letter, isOpened: { _ in false }, pinned: { _ in nil }, at: Honest.clocks)
    tag = opened.tag
    expect(bytes == Honest.letter, "the receiver opens the sender's bytes alone")
    _ = try keys.open(letter, isOpened: { $0 == tag }, pinned: { _ in nil }, at: Honest.clocks)
    fatalError("broken: the same deposit is opened twice")
  } catch let failure as PeerFailure {
    expect(
      failure == .replayed || bytes != Honest.letter, "the receiver opens the sender's bytes")
  } catch {
    expect(bytes != Honest.letter, "the sender's bytes are a letter")
  }
}

private func initiator(_ message: [UInt8]) {
  let hello = Honest.startedSession(with: Honest.sealedTicket(Honest.ticketBody))
  let awaiting = hello.next
  do throws(PeerFailure) {
    _ = try awaiting.receive(message.bytes)
    expect(message == Honest.answer, "the initiator accepts the responder's bytes alone")
  } catch {
    expect(message != Honest.answer, "the initiator accepts the responder's bytes")
  }
}

/// Records to a responder, each changed or not: after one that does not verify, none does.
private func records(_ input: inout FuzzInput) {
  var cache = SessionReplayCache(now: World.now)
  let hello = Honest.startedSession(with: Honest.sealedTicket(Honest.ticketBody))
  let message = hello.message
  let initiator = hello.next
  do throws(PeerFailure) {
    let answer = try Honest.respond(to: message, &cache)
    let answered = answer.message
    let responder = answer.next
    var sender = try initiator.receive(answered.bytes)
    let first = try sender.seal([1, 2, 3].bytes)
    let arriving = first.mutated(by: &input)
    guard let accepted = try? responder.receive(arriving.bytes) else {
      return expect(arriving != first, "an honest first record is good")
    }
    expect(arriving == first, "a first record is the initiator's")
    var receiver = accepted.session
    var isBroken = false
    for _ in 0..<4 where !input.isEmpty {
      let record = try sender.seal(input.bytes(Int(input.byte())).bytes)
      let arriving = record.mutated(by: &input)
      isBroken = isBroken || arriving != record
      do throws(PeerFailure) {
        _ = try receiver.open(arriving.bytes)
        expect(!isBroken, "a record is the initiator's, in its order")
      } catch {
        expect(isBroken, "honest records are good")
      }
    }
  } catch {
    fatalError("an honest handshake fails: \(error)")
  }
}
