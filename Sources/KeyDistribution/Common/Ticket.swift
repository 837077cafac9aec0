internal import Cryptography
internal import SecretMemory
internal import Wire

/// What the KDC tells a responder about an initiator, sealed under the ticket key of the
/// responder's login (PROTOCOL.md, 4.5). Its names are padded, so that its length tells nothing.
struct Ticket: ~Copyable {
  let purpose: Purpose
  let initiator: PrincipalName
  let responder: PrincipalName
  let sessionKey: SecretBytes
  /// The initiator's ephemeral key: one ephemeral, one ticket, one session.
  let ephemeral: AgreementPublicKey
  let identity: VerifyingKey
  let certificate: [UInt8]
  let loginKey: SignedLoginKey
  let issued: Timestamp
  let expires: Timestamp
  /// What log lines know the ticket by: 8 random bytes.
  let id: [UInt8]

  static let idByteCount = 8
  private static let bodyByteCount =
    1 + 2 * PrincipalName.paddedByteCount + 32 + 32 + 32 + 64 + (32 + 8 + 8 + 4 + 64) + 8 + 8
    + idByteCount
  static let byteCount = SealingKey.nonceByteCount + bodyByteCount + SealingKey.tagByteCount

  init(
    purpose: Purpose, initiator: PrincipalName, responder: PrincipalName,
    sessionKey: consuming SecretBytes, ephemeral: AgreementPublicKey, identity: VerifyingKey,
    certificate: [UInt8], loginKey: SignedLoginKey, issued: Timestamp, expires: Timestamp,
    id: [UInt8]
  ) {
    self.purpose = purpose
    self.initiator = initiator
    self.responder = responder
    self.sessionKey = sessionKey
    self.ephemeral = ephemeral
    self.identity = identity
    self.certificate = certificate
    self.loginKey = loginKey
    self.issued = issued
    self.expires = expires
    self.id = id
  }

  /// Who the ticket says that its initiator is: to be judged before it is believed.
  var claim: PeerClaim {
    PeerClaim(name: initiator, identity: identity, certificate: certificate, loginKey: loginKey)
  }

  /// The ticket by itself, sealed.
  func sealed(
    under ticketKey: borrowing SealingKey, realm: Realm, random: inout some RandomSource
  ) -> [UInt8] {
    var ticket = ByteWriter(capacity: Self.byteCount)
    write(to: &ticket, under: ticketKey, realm: realm, nonce: random.fixedBytes())
    return ticket.publicBytes()
  }

  /// Writes the ticket, sealed.
  ///
  /// - Parameter nonce: random, and never used with this key before.
  func write(
    to message: inout ByteWriter, under ticketKey: borrowing SealingKey, realm: Realm,
    nonce: FixedBytes<12>
  ) {
    let context = Context(.ticket, in: realm)
    message.sealed(under: ticketKey, nonce: nonce, authenticating: context.written) { body in
      body.uint8(purpose.rawValue)
      body.name(initiator)
      body.name(responder)
      body.bytes(sessionKey.bytes)
      body.bytes(ephemeral.encoding)
      body.bytes(identity.encoding)
      body.bytes(certificate.bytes)
      body.loginKey(loginKey)
      body.timestamp(issued)
      body.timestamp(expires)
      body.bytes(id.bytes)
    }
  }

  /// Opens a ticket; nil unless it was sealed under this key and has the one form.
  init?(opening sealed: RawSpan, under ticketKey: borrowing SealingKey, realm: Realm) {
    do {
      let body = try ticketKey.openWithNonce(
        sealed, authenticating: Context(.ticket, in: realm).written)
      var reader = ByteReader(body.bytes)
      guard let purpose = Purpose(rawValue: try reader.uint8()) else { return nil }
      let initiator = try reader.name()
      let responder = try reader.name()
      let sessionKey = try reader.secret(32)
      let ephemeral = try reader.agreementKey()
      let identity = try reader.verifyingKey()
      let certificate = try reader.bytes(64)
      let loginKey = try reader.loginKey()
      let issued = try reader.timestamp()
      let expires = try reader.timestamp()
      let id = try reader.bytes(Self.idByteCount)
      try reader.finish()
      self.init(
        purpose: purpose, initiator: initiator, responder: responder, sessionKey: sessionKey,
        ephemeral: ephemeral, identity: identity, certificate: certificate, loginKey: loginKey,
        issued: issued, expires: expires, id: id)
    } catch {
      return nil
    }
  }
}
