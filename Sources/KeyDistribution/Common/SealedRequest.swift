public import Cryptography
internal import SecretMemory
internal import Wire

/// What travels inside a sealed request (PROTOCOL.md, 4.3). The proof of all but a salt request
/// follows the body that it is computed over.
enum SealedRequestKind: UInt8 {
  case salt = 1
  case registration = 2
  case login = 3
  case change = 4
  /// A registration with an invitation after its fields.
  case invitedRegistration = 5
}

/// Asks for what is needed to make the digest of a name. Not proven.
struct SaltRequest {
  let name: PrincipalName

  func write(to message: inout ByteWriter) {
    message.uint8(SealedRequestKind.salt.rawValue)
    message.name(name)
  }

  init(name: PrincipalName) { self.name = name }

  init(from reader: inout ByteReader) throws(WireError) { name = try reader.name() }
}

/// Registers a free name.
struct RegistrationRequest: ~Copyable {
  let name: PrincipalName
  let keyVersion: UInt32
  let parameters: Argon2Parameters
  let salt: [UInt8]
  let digest: SecretBytes
  let identity: VerifyingKey
  let identityProof: [UInt8]
  /// The port that the user listens on when it says nothing else.
  let port: UInt16
  let invitation: Invitation?

  func write(to message: inout ByteWriter) {
    let kind: SealedRequestKind
    switch invitation {
    case .some: kind = .invitedRegistration
    case .none: kind = .registration
    }
    message.uint8(kind.rawValue)
    message.name(name)
    message.uint32(keyVersion)
    message.parameters(parameters)
    message.bytes(salt.bytes)
    message.bytes(digest.bytes)
    message.bytes(identity.encoding)
    message.bytes(identityProof.bytes)
    message.uint16(port)
    switch invitation {
    case .some(let invitation): message.bytes(invitation.secret.bytes)
    case .none: break
    }
  }

  init(
    name: PrincipalName, keyVersion: UInt32, parameters: Argon2Parameters, salt: [UInt8],
    digest: consuming SecretBytes, identity: VerifyingKey, identityProof: [UInt8], port: UInt16,
    invitation: consuming Invitation? = nil
  ) {
    self.name = name
    self.keyVersion = keyVersion
    self.parameters = parameters
    self.salt = salt
    self.digest = digest
    self.identity = identity
    self.identityProof = identityProof
    self.port = port
    self.invitation = invitation
  }

  init(from reader: inout ByteReader, isInvited: Bool = false) throws(WireError) {
    let name = try reader.name()
    let keyVersion = try reader.uint32()
    let parameters = try reader.parameters()
    let salt = try reader.bytes(UserRecord.saltByteCount)
    let digest = try reader.secret(32)
    let identity = try reader.verifyingKey()
    let identityProof = try reader.bytes(64)
    let port = try reader.uint16()
    self.init(
      name: name, keyVersion: keyVersion, parameters: parameters, salt: salt, digest: digest,
      identity: identity, identityProof: identityProof, port: port,
      invitation: isInvited ? Invitation(try reader.secret(Invitation.byteCount)) : nil)
  }
}

/// Logs in: uploads a per-login key and asks for a ticket-granting ticket.
struct LoginRequest {
  let name: PrincipalName
  let identity: VerifyingKey
  let loginKey: SignedLoginKey
  /// How long the ticket-granting ticket should be good for, in seconds.
  let lifetimeSeconds: UInt32

  func write(to message: inout ByteWriter) {
    message.uint8(SealedRequestKind.login.rawValue)
    message.name(name)
    message.bytes(identity.encoding)
    message.loginKey(loginKey)
    message.uint32(lifetimeSeconds)
  }

  init(
    name: PrincipalName, identity: VerifyingKey, loginKey: SignedLoginKey, lifetimeSeconds: UInt32
  ) {
    self.name = name
    self.identity = identity
    self.loginKey = loginKey
    self.lifetimeSeconds = lifetimeSeconds
  }

  init(from reader: inout ByteReader) throws(WireError) {
    name = try reader.name()
    identity = try reader.verifyingKey()
    loginKey = try reader.loginKey()
    lifetimeSeconds = try reader.uint32()
  }
}

/// Puts another secret in the place of the one that the request is proven with.
struct SecretChangeRequest: ~Copyable {
  let name: PrincipalName
  /// Of the secret that is replaced.
  let keyVersion: UInt32
  /// When it was asked, in KDC time as the client knew it.
  let time: Timestamp
  let parameters: Argon2Parameters
  let salt: [UInt8]
  /// Of the new secret.
  let digest: SecretBytes
  let identityProof: [UInt8]

  func write(to message: inout ByteWriter) {
    message.uint8(SealedRequestKind.change.rawValue)
    message.name(name)
    message.uint32(keyVersion)
    message.timestamp(time)
    message.parameters(parameters)
    message.bytes(salt.bytes)
    message.bytes(digest.bytes)
    message.bytes(identityProof.bytes)
  }

  init(
    name: PrincipalName, keyVersion: UInt32, time: Timestamp, parameters: Argon2Parameters,
    salt: [UInt8], digest: consuming SecretBytes, identityProof: [UInt8]
  ) {
    self.name = name
    self.keyVersion = keyVersion
    self.time = time
    self.parameters = parameters
    self.salt = salt
    self.digest = digest
    self.identityProof = identityProof
  }

  init(from reader: inout ByteReader) throws(WireError) {
    let name = try reader.name()
    let keyVersion = try reader.uint32()
    let time = try reader.timestamp()
    let parameters = try reader.parameters()
    let salt = try reader.bytes(UserRecord.saltByteCount)
    let digest = try reader.secret(32)
    let identityProof = try reader.bytes(64)
    self.init(
      name: name, keyVersion: keyVersion, time: time, parameters: parameters, salt: salt,
      digest: digest, identityProof: identityProof)
  }

  /// What the owner's identity key signs: who knows the old secret alone changes nothing.
  func signedContent(in realm: Realm) -> [UInt8] {
    var content = ByteWriter(.secretChange, in: realm)
    content.prefixed(name)
    content.prefixed(keyVersion: keyVersion)
    content.prefixed(time)
    var hashing = ByteWriter()
    hashing.parameters(parameters)
    hashing.bytes(salt.bytes)
    content.prefixed(hashing.written)
    content.prefixed(SHA256.hash(digest.bytes).bytes)
    return content.publicBytes()
  }
}

extension ByteWriter {
  mutating func parameters(_ parameters: Argon2Parameters) {
    uint32(parameters.iterations)
    uint32(parameters.memoryKiB)
    uint32(parameters.parallelism)
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  mutating func parameters() throws(WireError) -> Argon2Parameters {
    let parameters = Argon2Parameters(
      iterations: try uint32(), memoryKiB: try uint32(), parallelism: try uint32())
    guard parameters.isWithinLimits else { throw .invalid("Argon2 parameters") }
    return parameters
  }
}

extension Argon2Parameters {
  /// What the protocol allows at all: at most 16 passes, 1 GiB and 16 lanes, at least 8 KiB a lane
  /// (RFC 9106, 3.1).
  public var isWithinLimits: Bool {
    (1...16).contains(iterations) && (1...16).contains(parallelism)
      && memoryKiB >= 8 * parallelism && memoryKiB <= 1 << 20
  }

  /// At least what RFC 9106 recommends second, the least a client spends on a passphrase.
  var isAcceptableForPassphrases: Bool {
    isWithinLimits && iterations >= Argon2Parameters.passphrase.iterations
      && memoryKiB >= Argon2Parameters.passphrase.memoryKiB
  }
}
