public import SecretMemory

/// One side of a Noise handshake (revision 34, section 5.3) with 25519, AESGCM and SHA256.
///
/// Any failure is final: every later call fails in the same way. Calls out of order, and keys that
/// the pattern needs and the caller has not given, are the caller's own misuse.
public struct NoiseHandshake: ~Copyable {
  private let pattern: NoisePattern
  private let role: NoiseRole
  private var state: NoiseSymmetricState
  private let staticKey: AgreementKey?
  private let ephemeral: AgreementKey?
  private var presharedKey: SecretBytes?
  private var messageCount = 0
  private var failure: NoiseFailure?

  /// The other side's static key, once it is known. It is proved only by a message that verifies.
  public private(set) var remoteStatic: AgreementPublicKey?
  /// The other side's ephemeral key, once it is known.
  public private(set) var remoteEphemeral: AgreementPublicKey?

  /// - Parameters:
  ///   - prologue: what both sides must agree on besides; any length.
  ///   - staticKey: one's own, where the pattern has one.
  ///   - ephemeral: a fresh key for a role that sends `e`: randomness comes from outside.
  ///   - remoteStatic: the other side's, where the pattern has it known beforehand.
  public init(
    _ pattern: NoisePattern, role: NoiseRole, prologue: RawSpan,
    staticKey: consuming AgreementKey?, ephemeral: consuming AgreementKey?,
    remoteStatic: AgreementPublicKey?
  ) {
    self.pattern = pattern
    self.role = role
    self.remoteStatic = remoteStatic
    state = NoiseSymmetricState(protocolName: pattern.name)
    state.mixHash(prologue)
    let ownStatic = Self.publicHalf(of: staticKey)
    self.staticKey = staticKey
    self.ephemeral = ephemeral
    let (initiatorStatic, responderStatic) =
      switch role {
      case .initiator: (ownStatic, remoteStatic)
      case .responder: (remoteStatic, ownStatic)
      }
    if pattern.knowsInitiatorStatic { state.mixHash(Self.required(initiatorStatic).bytes.bytes) }
    if pattern.knowsResponderStatic { state.mixHash(Self.required(responderStatic).bytes.bytes) }
  }

  /// Sets the key both sides share already, 32 bytes; at any time before the `psk` token is met.
  public mutating func setPresharedKey(_ psk: consuming SecretBytes) {
    precondition(psk.count == 32)
    presharedKey = consume psk
  }

  /// The hash of the transcript so far, 32 bytes.
  public var handshakeHash: [UInt8] { state.hash }

  /// Whether all messages have passed and `split` may follow.
  public var isFinished: Bool { failure == nil && messageCount == pattern.messages.count }

  /// The next message, at most 65535 bytes, with `payload` in it.
  public mutating func writeMessage(_ payload: RawSpan) throws(NoiseFailure) -> [UInt8] {
    let tokens = try nextTokens(isOurs: true)
    do {
      let message = try write(tokens, payload)
      precondition(message.count <= NoiseCipher.maximumByteCount)
      return message
    } catch {
      failure = error
      throw error
    }
  }

  /// The payload of the other side's next message.
  public mutating func readMessage(_ message: RawSpan) throws(NoiseFailure) -> SecretBytes {
    let tokens = try nextTokens(isOurs: false)
    do {
      return try read(tokens, message)
    } catch {
      failure = error
      throw error
    }
  }

  /// The ciphers for what follows the handshake.
  public consuming func split() -> NoiseTransport {
    precondition(isFinished)
    return state.split(role)
  }

  private mutating func nextTokens(isOurs: Bool) throws(NoiseFailure) -> [NoisePattern.Token] {
    if let failure { throw failure }
    precondition(messageCount < pattern.messages.count)
    precondition(isOurs == (messageCount.isMultiple(of: 2) == (role == .initiator)))
    defer { messageCount += 1 }
    return pattern.messages[messageCount]
  }

  private mutating func write(
    _ tokens: [NoisePattern.Token], _ payload: RawSpan
  ) throws(NoiseFailure) -> [UInt8] {
    var message: [UInt8] = []
    for token in tokens {
      switch token {
      case .e:
        let key = Self.required(Self.publicHalf(of: ephemeral))
        message += key.bytes
        mixEphemeral(key)
      case .s:
        let key = Self.required(Self.publicHalf(of: staticKey))
        message += try state.encryptAndHash(key.bytes.bytes)
      default:
        try mix(token)
      }
    }
    return message + (try state.encryptAndHash(payload))
  }

  private mutating func read(
    _ tokens: [NoisePattern.Token], _ message: RawSpan
  ) throws(NoiseFailure) -> SecretBytes {
    guard message.byteCount <= NoiseCipher.maximumByteCount else { throw .malformed }
    var rest = message
    for token in tokens {
      switch token {
      case .e:
        let key = try Self.publicKey(Self.take(AgreementPublicKey.byteCount, from: &rest))
        remoteEphemeral = key
        mixEphemeral(key)
      case .s:
        let count = AgreementPublicKey.byteCount + state.tagByteCount
        let key = try state.decryptAndHash(Self.take(count, from: &rest))
        remoteStatic = try Self.publicKey(key.bytes)
      default:
        try mix(token)
      }
    }
    guard rest.byteCount >= state.tagByteCount else { throw .malformed }
    return try state.decryptAndHash(rest)
  }

  /// In handshakes with a pre-shared key, ephemeral keys make nonces unique (section 9.2).
  private mutating func mixEphemeral(_ key: AgreementPublicKey) {
    state.mixHash(key.bytes.bytes)
    if pattern.usesPresharedKey { state.mixKey(key.bytes.bytes) }
  }

  /// The tokens that carry no bytes. The first letter of a pair is the initiator's key.
  private mutating func mix(_ token: NoisePattern.Token) throws(NoiseFailure) {
    let isInitiator = role == .initiator
    switch token {
    case .ee: try mixAgreement(ours: .e, theirs: remoteEphemeral)
    case .ss: try mixAgreement(ours: .s, theirs: remoteStatic)
    case .es:
      try mixAgreement(
        ours: isInitiator ? .e : .s, theirs: isInitiator ? remoteStatic : remoteEphemeral)
    case .se:
      try mixAgreement(
        ours: isInitiator ? .s : .e, theirs: isInitiator ? remoteEphemeral : remoteStatic)
    case .psk:
      guard let key = presharedKey.take() else { preconditionFailure("no pre-shared key") }
      state.mixKeyAndHash(key.bytes)
    case .e, .s: preconditionFailure("not a token without bytes")
    }
  }

  private mutating func mixAgreement(
    ours: NoisePattern.Token, theirs: AgreementPublicKey?
  ) throws(NoiseFailure) {
    let theirs = Self.required(theirs)
    let secret =
      ours == .e ? try Self.agree(ephemeral, with: theirs) : try Self.agree(staticKey, with: theirs)
    state.mixKey(secret.bytes)
  }

  private static func agree(
    _ key: borrowing AgreementKey?, with other: AgreementPublicKey
  ) throws(NoiseFailure) -> SecretBytes {
    switch key {
    case .some(let key):
      do { return try key.sharedSecret(with: other) } catch { throw .lowOrderPoint }
    case .none: preconditionFailure("the pattern needs a key that is not there")
    }
  }

  private static func publicHalf(of key: borrowing AgreementKey?) -> AgreementPublicKey? {
    switch key {
    case .some(let key): key.publicKey
    case .none: nil
    }
  }

  /// A public key that the caller must have given, or an earlier message have told.
  private static func required(_ key: AgreementPublicKey?) -> AgreementPublicKey {
    guard let key else { preconditionFailure("the pattern needs a key that is not there") }
    return key
  }

  private static func publicKey(_ bytes: RawSpan) throws(NoiseFailure) -> AgreementPublicKey {
    guard let key = AgreementPublicKey(bytes) else { throw .malformed }
    return key
  }

  @_lifetime(copy bytes)
  private static func take(
    _ count: Int, from bytes: inout RawSpan
  ) throws(NoiseFailure) -> RawSpan {
    guard bytes.byteCount >= count else { throw .malformed }
    let taken = bytes.extracting(first: count)
    bytes = bytes.extracting(droppingFirst: count)
    return taken
  }
}
