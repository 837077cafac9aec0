import Cryptography
import SecretMemory
import Testing

struct NoiseHandshakeTests {
  static let initiatorStatic = [UInt8](repeating: 11, count: 32)
  static let initiatorEphemeral = [UInt8](repeating: 12, count: 32)
  static let responderStatic = [UInt8](repeating: 13, count: 32)
  static let responderEphemeral = [UInt8](repeating: 14, count: 32)
  static let psk = [UInt8](repeating: 15, count: 32)
  static let prologue = Array("prologue".utf8)
  static let ticket = Array("ticket".utf8)

  /// What one side brings, which a test may get wrong.
  struct Side {
    var privateKey: [UInt8]
    var remote: AgreementPublicKey?
    var psk: [UInt8] = NoiseHandshakeTests.psk
    var prologue: [UInt8] = NoiseHandshakeTests.prologue

    static func initiator() -> Side {
      Side(
        privateKey: initiatorStatic, remote: agreementKey(responderStatic).publicKey)
    }

    static func responder(of pattern: NoisePattern) -> Side {
      Side(
        privateKey: responderStatic,
        remote: pattern.knowsInitiatorStatic ? agreementKey(initiatorStatic).publicKey : nil)
    }
  }

  static func handshake(_ pattern: NoisePattern, _ role: NoiseRole, _ side: Side)
    -> NoiseHandshake
  {
    var handshake = NoiseHandshake(
      pattern, role: role, prologue: side.prologue.bytes,
      staticKey: agreementKey(side.privateKey),
      ephemeral: agreementKey(role == .initiator ? initiatorEphemeral : responderEphemeral),
      remoteStatic: side.remote)
    handshake.setPresharedKey(secret(side.psk))
    return handshake
  }

  /// The first failure of a whole handshake in which both sides do as they should.
  static func run(_ pattern: NoisePattern, _ initiator: Side, _ responder: Side)
    -> NoiseFailure?
  {
    var initiator = handshake(pattern, .initiator, initiator)
    var responder = handshake(pattern, .responder, responder)
    do throws(NoiseFailure) {
      for index in pattern.messages.indices {
        if index.isMultiple(of: 2) {
          let message = try initiator.writeMessage(ticket.bytes)
          _ = try responder.readMessage(message.bytes)
        } else {
          let message = try responder.writeMessage(RawSpan())
          _ = try initiator.readMessage(message.bytes)
        }
      }
      return nil
    } catch {
      return error
    }
  }

  static let patterns: [NoisePattern] = [.ikPsk2, .kPsk0]

  @Test func ikPsk2CarriesTheTicketAndAgrees() throws {
    var initiator = Self.handshake(.ikPsk2, .initiator, .initiator())
    var responder = NoiseHandshake(
      .ikPsk2, role: .responder, prologue: Self.prologue.bytes,
      staticKey: agreementKey(Self.responderStatic),
      ephemeral: agreementKey(Self.responderEphemeral), remoteStatic: nil)
    let first = try initiator.writeMessage(Self.ticket.bytes)
    let ticket = try responder.readMessage(first.bytes)
    #expect([UInt8](ticket.bytes) == Self.ticket)
    #expect(responder.remoteStatic == agreementKey(Self.initiatorStatic).publicKey)
    #expect(responder.remoteEphemeral == agreementKey(Self.initiatorEphemeral).publicKey)
    #expect([initiator.isFinished, responder.isFinished] == [false, false])
    // The responder learns the pre-shared key from the ticket.
    responder.setPresharedKey(secret(Self.psk))
    let second = try responder.writeMessage(RawSpan())
    _ = try initiator.readMessage(second.bytes)
    #expect(initiator.remoteEphemeral == agreementKey(Self.responderEphemeral).publicKey)
    #expect([initiator.isFinished, responder.isFinished] == [true, true])
    #expect(initiator.handshakeHash == responder.handshakeHash)
    let initiated = initiator.split()
    let responded = responder.split()
    #expect(initiated.handshakeHash == responded.handshakeHash)
    var sender = Ciphers(initiated)
    var receiver = Ciphers(responded)
    for _ in 0..<3 {
      let forth = try sender.sending.seal(Self.ticket.bytes)
      let back = try receiver.sending.seal(Self.ticket.bytes)
      #expect(forth != back)
      _ = try receiver.receiving.open(forth.bytes)
      _ = try sender.receiving.open(back.bytes)
    }
    // Reflected to its own sender, a message is no message.
    let reflected = try sender.sending.seal(Self.ticket.bytes)
    let error = failure { () throws(NoiseFailure) in
      _ = try sender.receiving.open(reflected.bytes)
    }
    #expect(error == .authentication)
  }

  @Test func kPsk0IsOneMessage() throws {
    var initiator = Self.handshake(.kPsk0, .initiator, .initiator())
    var responder = Self.handshake(.kPsk0, .responder, .responder(of: .kPsk0))
    let message = try initiator.writeMessage(Self.ticket.bytes)
    let ticket = try responder.readMessage(message.bytes)
    #expect([UInt8](ticket.bytes) == Self.ticket)
    #expect([initiator.isFinished, responder.isFinished] == [true, true])
    var sender = Ciphers(initiator.split())
    var receiver = Ciphers(responder.split())
    let sealed = try sender.sending.seal(Self.ticket.bytes)
    let opened = try receiver.receiving.open(sealed.bytes)
    #expect([UInt8](opened.bytes) == Self.ticket)
  }

  @Test(arguments: patterns)
  func allThatBothSidesMustAgreeOnMatters(_ pattern: NoisePattern) {
    let (initiator, responder) = (Side.initiator(), Side.responder(of: pattern))
    #expect(Self.run(pattern, initiator, responder) == nil)
    let stranger = [UInt8](repeating: 99, count: 32)
    var wrong = responder
    wrong.psk = stranger
    #expect(Self.run(pattern, initiator, wrong) == .authentication)
    wrong = responder
    wrong.prologue = Array("another".utf8)
    #expect(Self.run(pattern, initiator, wrong) == .authentication)
    wrong = responder
    wrong.privateKey = stranger
    #expect(Self.run(pattern, initiator, wrong) == .authentication)
    wrong = initiator
    wrong.remote = agreementKey(stranger).publicKey
    #expect(Self.run(pattern, wrong, responder) == .authentication)
    if pattern.knowsInitiatorStatic {
      wrong = initiator
      wrong.privateKey = stranger
      #expect(Self.run(pattern, wrong, responder) == .authentication)
    }
  }

  /// HOSTILE A.1 and C.14: every prefix and every bit flip of every handshake message.
  @Test(arguments: patterns)
  func everyChangeOfTheFirstMessageIsRefused(_ pattern: NoisePattern) throws {
    var initiator = Self.handshake(pattern, .initiator, .initiator())
    let message = try initiator.writeMessage(Self.ticket.bytes)
    func refusal(_ wrong: [UInt8]) -> NoiseFailure? {
      var responder = Self.handshake(pattern, .responder, .responder(of: pattern))
      let error = failure { () throws(NoiseFailure) in
        _ = try responder.readMessage(wrong.bytes)
      }
      // The right message comes too late, and nothing is answered.
      let later = failure { () throws(NoiseFailure) in
        _ = try responder.readMessage(message.bytes)
      }
      let answer = failure { () throws(NoiseFailure) in
        _ = try responder.writeMessage(RawSpan())
      }
      let isFinished = responder.isFinished
      #expect(later == error && answer == error && !isFinished)
      return error
    }
    for (bit, wrong) in bitFlips(of: message).enumerated() {
      #expect(refusal(wrong) != nil, "bit \(bit)")
    }
    for count in 0..<message.count {
      #expect(refusal(Array(message.prefix(count))) != nil, "\(count) bytes")
    }
    #expect(refusal(message + [0]) == .authentication)
    #expect(refusal([]) == .malformed)
    #expect(refusal([UInt8](repeating: 1, count: 65536)) == .malformed)
  }

  @Test func everyChangeOfTheSecondMessageIsRefused() throws {
    func finish(_ change: ([UInt8]) -> [UInt8]) throws -> NoiseFailure? {
      var initiator = Self.handshake(.ikPsk2, .initiator, .initiator())
      var responder = Self.handshake(.ikPsk2, .responder, .responder(of: .ikPsk2))
      let first = try initiator.writeMessage(Self.ticket.bytes)
      _ = try responder.readMessage(first.bytes)
      let message = change(try responder.writeMessage(RawSpan()))
      let error = failure { () throws(NoiseFailure) in
        _ = try initiator.readMessage(message.bytes)
      }
      let isFinished = initiator.isFinished
      #expect(isFinished == (error == nil))
      return error
    }
    #expect(try finish { $0 } == nil)
    for bit in 0..<(48 * 8) {
      #expect(try finish { bitFlips(of: $0)[bit] } == .authentication, "bit \(bit)")
    }
    for count in 0..<48 {
      #expect(try finish { Array($0.prefix(count)) } == .malformed, "\(count) bytes")
    }
    #expect(try finish { $0 + [0] } == .authentication)
  }

  @Test(arguments: patterns, AgreementKeyTests.lowOrderPoints)
  func lowOrderPointsAreRefused(_ pattern: NoisePattern, _ point: String) throws {
    // As the ephemeral key of the first message.
    var responder = Self.handshake(pattern, .responder, .responder(of: pattern))
    let message = hex(point) + [UInt8](repeating: 0, count: 100)
    let read = failure { () throws(NoiseFailure) in _ = try responder.readMessage(message.bytes) }
    #expect(read == .lowOrderPoint)
    // As the static key of the responder.
    var side = Side.initiator()
    side.remote = AgreementPublicKey(hex(point))
    var initiator = Self.handshake(pattern, .initiator, side)
    for _ in 0..<2 {
      let written = failure { () throws(NoiseFailure) in
        _ = try initiator.writeMessage(RawSpan())
      }
      #expect(written == .lowOrderPoint)
    }
    // As the ephemeral key of the answer.
    guard pattern.messages.count == 2 else { return }
    initiator = Self.handshake(pattern, .initiator, .initiator())
    _ = try initiator.writeMessage(Self.ticket.bytes)
    let answer = hex(point) + [UInt8](repeating: 0, count: 16)
    let finished = failure { () throws(NoiseFailure) in
      _ = try initiator.readMessage(answer.bytes)
    }
    #expect(finished == .lowOrderPoint)
  }

  @Test func callsOutOfOrderAreOurOwnMisuse() async {
    await #expect(processExitsWith: .failure) {
      var responder = NoiseHandshakeTests.handshake(
        .ikPsk2, .responder, .responder(of: .ikPsk2))
      _ = try responder.writeMessage(RawSpan())
    }
    await #expect(processExitsWith: .failure) {
      let initiator = NoiseHandshakeTests.handshake(.ikPsk2, .initiator, .initiator())
      _ = initiator.split()
    }
  }
}
