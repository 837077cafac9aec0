internal import Cryptography
internal import SecretMemory
internal import Wire

/// What the KDC tells itself about a login, sealed under the TGT key of an hour, so that it needs
/// no table of logins (PROTOCOL.md, 4.4). Clients carry it and cannot look inside.
struct TicketGrantingTicket: ~Copyable {
  let name: PrincipalName
  let keyVersion: UInt32
  /// The key of the requests that come with this ticket.
  let requestKey: SecretBytes
  /// The key that tickets for this login are sealed under.
  let ticketKey: SecretBytes
  /// The per-login key; its signature comes with each request.
  let loginKey: AgreementPublicKey
  let loginTime: Timestamp
  let loginEnd: Timestamp

  static let periodByteCount = 4
  private static let bodyByteCount = PrincipalName.paddedByteCount + 4 + 32 + 32 + 32 + 8 + 8
  static let byteCount =
    periodByteCount + SealingKey.nonceByteCount + bodyByteCount + SealingKey.tagByteCount

  init(
    name: PrincipalName, keyVersion: UInt32, requestKey: consuming SecretBytes,
    ticketKey: consuming SecretBytes, loginKey: AgreementPublicKey, loginTime: Timestamp,
    loginEnd: Timestamp
  ) {
    self.name = name
    self.keyVersion = keyVersion
    self.requestKey = requestKey
    self.ticketKey = ticketKey
    self.loginKey = loginKey
    self.loginTime = loginTime
    self.loginEnd = loginEnd
  }

  /// The login key as its owner signed it.
  func signedLoginKey(_ signature: LoginSignature) -> SignedLoginKey {
    SignedLoginKey(
      key: loginKey, issued: signature.issued, expires: signature.expires, keyVersion: keyVersion,
      signature: signature.signature)
  }

  func sealed(
    under key: TicketGrantingKey, random: inout some RandomSource
  ) -> [UInt8] {
    var ticket = ByteWriter(capacity: Self.byteCount)
    write(to: &ticket, requestKey: requestKey.bytes, under: key, random: &random)
    return ticket.publicBytes()
  }

  /// Writes the ticket, sealed, with this request key in the place of its own.
  func write(
    to message: inout ByteWriter, requestKey: RawSpan, under key: TicketGrantingKey,
    random: inout some RandomSource
  ) {
    let context = key.context
    message.uint32(key.period)
    message.sealed(under: key.key, authenticating: context.bytes, random: &random) { body in
      body.name(name)
      body.uint32(keyVersion)
      body.bytes(requestKey)
      body.bytes(ticketKey.bytes)
      body.bytes(loginKey.encoding)
      body.timestamp(loginTime)
      body.timestamp(loginEnd)
    }
  }

  /// The hour whose key a ticket is sealed under.
  static func period(of ticket: RawSpan) throws(WireError) -> UInt32 {
    var reader = ByteReader(ticket)
    return try reader.uint32()
  }

  /// Opens a ticket; nil unless it was sealed under this key.
  init?(opening ticket: RawSpan, under key: TicketGrantingKey) {
    do {
      var outer = ByteReader(ticket)
      guard try outer.uint32() == key.period else { return nil }
      let context = key.context
      let body = try key.key.openWithNonce(outer.remainder(), authenticating: context.bytes)
      try self.init(reading: body)
    } catch {
      return nil
    }
  }

  private init(reading body: borrowing SecretBytes) throws(WireError) {
    var reader = ByteReader(body.bytes)
    let name = try reader.name()
    let keyVersion = try reader.uint32()
    let requestKey = try reader.secret(32)
    let ticketKey = try reader.secret(32)
    let loginKey = try reader.agreementKey()
    let loginTime = try reader.timestamp()
    let loginEnd = try reader.timestamp()
    try reader.finish()
    self.init(
      name: name, keyVersion: keyVersion, requestKey: requestKey, ticketKey: ticketKey,
      loginKey: loginKey, loginTime: loginTime, loginEnd: loginEnd)
  }
}
