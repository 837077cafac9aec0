internal import Cryptography
internal import SecretMemory
internal import Wire

/// What the KDC keeps of a sealed request until it has answered.
struct SealedContext: ~Copyable, Sendable {
  let epoch: Epoch
  let encapsulatedKey: [UInt8]
  /// What HPKE exported (32 bytes): the reply's key comes from it.
  let exported: SecretBytes
  let source: NetworkAddress

  /// A reply to a request that has proven nothing.
  func openReply(
    _ kind: SealedReplyKind, at now: Timestamp, _ random: inout some RandomSource,
    body: (inout ByteWriter) -> Void = { _ in }
  ) -> [UInt8] {
    let nonce = random.bytes(SealedExchange.responseNonceByteCount)
    let key = epoch.exchange.replyKey(
      exported: exported, encapsulatedKey: encapsulatedKey.bytes, responseNonce: nonce.bytes)
    return Self.seal(kind, under: key, proven: false, nonce: nonce, at: now, body: body)
  }

  /// A reply to a request that was proven: it opens for the owner of the shared key alone.
  func provenReply(
    _ kind: SealedReplyKind, shared: borrowing SharedKey, at now: Timestamp,
    _ random: inout some RandomSource, body: (inout ByteWriter) -> Void
  ) -> [UInt8] {
    let nonce = random.bytes(SealedExchange.responseNonceByteCount)
    let key = epoch.exchange.replyKey(
      exported: exported, shared: shared, encapsulatedKey: encapsulatedKey.bytes,
      responseNonce: nonce.bytes)
    return Self.seal(kind, under: key, proven: true, nonce: nonce, at: now, body: body)
  }

  private static func seal(
    _ kind: SealedReplyKind, under key: consuming SingleUseKey, proven: Bool, nonce: [UInt8],
    at now: Timestamp, body: (inout ByteWriter) -> Void
  ) -> [UInt8] {
    var plaintext = ByteWriter(capacity: 512)
    plaintext.uint8(kind.rawValue)
    plaintext.timestamp(now)
    body(&plaintext)
    let header = sealedReplyHeader(proven: proven, responseNonce: nonce)
    return key.seal(plaintext.written, behind: header.bytes)
  }
}

/// A registration whose proof and identity key have been verified.
struct PendingRegistration: ~Copyable, Sendable {
  let context: SealedContext
  let request: RegistrationRequest
  let shared: SharedKey
}

/// A login whose proof waits for the user's record.
struct PendingLogin: ~Copyable, Sendable {
  let context: SealedContext
  let request: LoginRequest
  let claim: ProofClaim
}

extension KeyDistributionCenter {
  /// Step Q2: opens a sealed request.
  func receiveSealed(
    _ reader: inout ByteReader, from source: NetworkAddress, at now: Timestamp,
    random: inout some RandomSource
  ) throws(WireError) -> CenterStep {
    if let answer = slowDown(source, at: now) { return .answer(answer) }
    let epochID = try reader.bytes(SealedExchange.epochIDByteCount)
    let encapsulatedKey = try reader.bytes(EpochKey.encapsulatedKeyByteCount)
    let ciphertext = reader.remainder()
    guard let epoch = epoch(id: epochID, at: now) else {
      return .answer(.failure(.epochUnknown, .epochUnknown, source: source))
    }
    let exchange = epoch.exchange
    let opened: OpenedByEpoch
    do {
      opened = try epoch.key.open(
        ciphertext, encapsulatedKey: encapsulatedKey.bytes, info: exchange.info.bytes,
        authenticating: exchange.requestHeader.bytes,
        exporterContext: exchange.exporterContext.bytes)
    } catch {
      return .answer(.failure(.malformed, .notAuthentic, source: source))
    }
    let plaintext = opened.plaintext
    let context = SealedContext(
      epoch: epoch, encapsulatedKey: encapsulatedKey, exported: opened.exported, source: source)
    return try receive(plaintext.bytes, in: context, at: now, random: &random)
  }

  private func receive(
    _ plaintext: RawSpan, in context: consuming SealedContext, at now: Timestamp,
    random: inout some RandomSource
  ) throws(WireError) -> CenterStep {
    var reader = ByteReader(plaintext)
    guard let kind = SealedRequestKind(rawValue: try reader.uint8()) else {
      throw .invalid("request kind")
    }
    guard kind != .salt else {
      let request = try SaltRequest(from: &reader)
      try reader.finish()
      return .lookUp(
        RecordQuery(users: [request.name], acceptsCopies: false),
        PendingRequest(.salt(context, request)))
    }
    guard plaintext.byteCount > SealedExchange.proofByteCount else { throw .truncated }
    let body = plaintext.extracting(droppingLast: SealedExchange.proofByteCount)
    let proof = [UInt8](plaintext.extracting(last: SealedExchange.proofByteCount))
    let content = context.epoch.exchange.proofContent(
      encapsulatedKey: context.encapsulatedKey.bytes, body: body)
    let claim = ProofClaim(proof: proof, content: content)
    reader = ByteReader(body)
    _ = try reader.uint8()
    switch kind {
    case .salt: throw .invalid("request kind")
    case .registration, .invitedRegistration:
      let request = try RegistrationRequest(
        from: &reader, isInvited: kind == .invitedRegistration)
      try reader.finish()
      return verify(request, claim, in: context, at: now, random: &random)
    case .login:
      let request = try LoginRequest(from: &reader)
      try reader.finish()
      return .lookUp(
        RecordQuery(users: [request.name], acceptsCopies: false),
        PendingRequest(
          .login(PendingLogin(context: context, request: request, claim: claim))))
    case .change:
      let request = try SecretChangeRequest(from: &reader)
      try reader.finish()
      return .lookUp(
        RecordQuery(users: [request.name], acceptsCopies: false),
        PendingRequest(
          .change(PendingSecretChange(context: context, request: request, claim: claim))))
    }
  }

  // MARK: Refusing

  /// The one refusal: the same bytes, at the same time after the request, whatever the reason.
  func refuse(
    _ reason: CenterEvent.Reason, name: PrincipalName, in context: borrowing SealedContext,
    at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      context.openReply(.refused, at: now, &random), notBefore: policy.refusalDelay,
      event: CenterEvent(.refused(reason), name: name, source: context.source))
  }

  func unavailable(
    in context: borrowing SealedContext, name: PrincipalName, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      context.openReply(.unavailable, at: now, &random),
      event: CenterEvent(.refused(.unavailable), name: name, source: context.source))
  }

  // MARK: Salt

  /// Step S2: an answer of one form for every name.
  func answerSalt(
    _ request: SaltRequest, user: UserRecord?, in context: borrowing SealedContext,
    at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    let reply = saltReply(for: request.name, user: user)
    return CenterAnswer(context.openReply(.salt, at: now, &random) { reply.write(to: &$0) })
  }

  /// What is told of a name: the user's own, or what a user of that name would begin with.
  func saltReply(for name: PrincipalName, user: UserRecord?) -> SaltReply {
    switch user {
    case let user? where !user.state.isVacant:
      SaltReply(parameters: user.parameters, salt: user.salt, keyVersion: user.keyVersion)
    case let removed?:
      SaltReply(
        parameters: .passphrase, salt: keys.salt(for: name), keyVersion: removed.keyVersion &+ 1)
    case nil:
      SaltReply(
        parameters: .passphrase, salt: keys.salt(for: name),
        keyVersion: keys.firstKeyVersion(for: name))
    }
  }
}
