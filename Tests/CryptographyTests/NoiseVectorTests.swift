import Cryptography
import SecretMemory
import Testing

/// The vectors of the cacophony project for Noise with 25519, AESGCM and SHA256.
@Suite(.enabled(if: SharedVectors.exist, "there is no ../shared/vectors beside the checkout"))
struct NoiseVectorTests {
  struct File: Decodable { let vectors: [Vector] }

  struct Vector: Decodable {
    struct Message: Decodable { let payload, ciphertext: String }
    let protocolName: String
    let initPrologue, respPrologue: String
    let initStatic, initEphemeral, initRemoteStatic: String?
    let respStatic, respEphemeral, respRemoteStatic: String?
    let initPsks, respPsks: [String]?
    let handshakeHash: String
    let messages: [Message]
  }

  /// The patterns that the vectors are for (revision 34, sections 7.4, 7.5 and 9.4).
  static let patterns: [NoisePattern] = [
    .ikPsk2, .kPsk0,
    pattern("N", knowsInitiator: false, [[.e, .es]]),
    pattern("Npsk0", knowsInitiator: false, [[.psk, .e, .es]]),
    pattern("K", knowsInitiator: true, [[.e, .es, .ss]]),
    pattern("Xpsk1", knowsInitiator: false, [[.e, .es, .s, .ss, .psk]]),
    pattern("NK", knowsInitiator: false, [[.e, .es], [.e, .ee]]),
    pattern("NKpsk0", knowsInitiator: false, [[.psk, .e, .es], [.e, .ee]]),
    pattern("NKpsk2", knowsInitiator: false, [[.e, .es], [.e, .ee, .psk]]),
    pattern("KK", knowsInitiator: true, [[.e, .es, .ss], [.e, .ee, .se]]),
    pattern("KKpsk2", knowsInitiator: true, [[.e, .es, .ss], [.e, .ee, .se, .psk]]),
    pattern("IK", knowsInitiator: false, [[.e, .es, .s, .ss], [.e, .ee, .se]]),
  ]

  static func pattern(
    _ name: String, knowsInitiator: Bool, _ messages: [[NoisePattern.Token]]
  ) -> NoisePattern {
    NoisePattern(
      name: "Noise_\(name)_25519_AESGCM_SHA256", knowsInitiatorStatic: knowsInitiator,
      knowsResponderStatic: true, messages: messages)
  }

  static func handshake(_ vector: Vector, _ pattern: NoisePattern, _ role: NoiseRole)
    -> NoiseHandshake
  {
    let isInitiator = role == .initiator
    func key(_ digits: String?) -> AgreementKey? {
      if let digits { agreementKey(hex(digits)) } else { nil }
    }
    let remote = isInitiator ? vector.initRemoteStatic : vector.respRemoteStatic
    var handshake = NoiseHandshake(
      pattern, role: role,
      prologue: hex(isInitiator ? vector.initPrologue : vector.respPrologue).bytes,
      staticKey: key(isInitiator ? vector.initStatic : vector.respStatic),
      ephemeral: key(isInitiator ? vector.initEphemeral : vector.respEphemeral),
      remoteStatic: remote.flatMap { AgreementPublicKey(hex($0)) })
    if let psk = (isInitiator ? vector.initPsks : vector.respPsks)?.first {
      handshake.setPresharedKey(secret(hex(psk)))
    }
    return handshake
  }

  @Test func published() throws {
    let vectors = try SharedVectors.load("noise-25519-aesgcm-sha256.json", as: File.self).vectors
    #expect(vectors.count == 12)
    #expect(Set(vectors.map(\.protocolName)) == Set(Self.patterns.map(\.name)))
    for vector in vectors {
      let pattern = try #require(Self.patterns.first { $0.name == vector.protocolName })
      #expect(vector.messages.count == 6)
      try Self.check(vector, pattern)
    }
  }

  static func check(_ vector: Vector, _ pattern: NoisePattern) throws {
    var initiator = handshake(vector, pattern, .initiator)
    var responder = handshake(vector, pattern, .responder)
    let count = pattern.messages.count
    for (index, message) in vector.messages.prefix(count).enumerated() {
      if index.isMultiple(of: 2) {
        try pass(message, from: &initiator, to: &responder)
      } else {
        try pass(message, from: &responder, to: &initiator)
      }
    }
    #expect([initiator.isFinished, responder.isFinished] == [true, true])
    let initiated = initiator.split()
    let responded = responder.split()
    #expect(initiated.handshakeHash == hex(vector.handshakeHash))
    #expect(responded.handshakeHash == hex(vector.handshakeHash))
    var first = Ciphers(initiated)
    var second = Ciphers(responded)
    for (index, message) in vector.messages.enumerated().dropFirst(count) {
      // After a one-way pattern only the initiator sends.
      if count == 1 || index.isMultiple(of: 2) {
        try pass(message, from: &first.sending, to: &second.receiving)
      } else {
        try pass(message, from: &second.sending, to: &first.receiving)
      }
    }
  }

  static func pass(
    _ message: Vector.Message, from sender: inout NoiseHandshake, to receiver: inout NoiseHandshake
  ) throws {
    let payload = hex(message.payload)
    let written = try sender.writeMessage(payload.bytes)
    #expect(written == hex(message.ciphertext))
    let read = try receiver.readMessage(written.bytes)
    #expect([UInt8](read.bytes) == payload)
  }

  static func pass(
    _ message: Vector.Message, from sender: inout NoiseCipher, to receiver: inout NoiseCipher
  ) throws {
    let payload = hex(message.payload)
    let sealed = try sender.seal(payload.bytes)
    #expect(sealed == hex(message.ciphertext))
    let opened = try receiver.open(sealed.bytes)
    #expect([UInt8](opened.bytes) == payload)
  }
}
