internal import Cryptography
internal import SecretMemory
internal import Wire

/// What a client keeps of a sealed request until the answer is there.
struct SealedReplyOpener: ~Copyable {
  let exchange: SealedExchange
  let encapsulatedKey: [UInt8]
  let exported: SecretBytes

  private struct Header {
    let isProven: Bool
    let nonce: [UInt8]
  }

  /// Opens the reply to a request that proved nothing.
  ///
  /// - Throws: `malformed`, `failed`, `unexpectedReply` or `notAuthentic`.
  func open(_ message: RawSpan) throws(ExchangeFailure) -> SealedReplyContent {
    let header = try header(of: message)
    guard !header.isProven else { throw .unexpectedReply }
    return try open(message, header, under: openKey(header))
  }

  /// Opens the reply to a proven request: one that grants is sealed under the shared key too.
  ///
  /// - Throws: `malformed`, `failed`, `unexpectedReply` or `notAuthentic`.
  func open(
    _ message: RawSpan, shared: borrowing SharedKey
  ) throws(ExchangeFailure) -> SealedReplyContent {
    let header = try header(of: message)
    guard header.isProven else { return try open(message, header, under: openKey(header)) }
    let key = exchange.replyKey(
      exported: exported, shared: shared, encapsulatedKey: encapsulatedKey.bytes,
      responseNonce: header.nonce.bytes)
    return try open(message, header, under: key)
  }

  private func header(of message: RawSpan) throws(ExchangeFailure) -> Header {
    try parseReply(message, as: .sealedReply) { (reader) throws(WireError) in
      let flag = try reader.uint8()
      guard flag <= 1 else { throw .invalid("proven flag") }
      return Header(
        isProven: flag == 1, nonce: try reader.bytes(SealedExchange.responseNonceByteCount))
    }
  }

  private func openKey(_ header: Header) -> SingleUseKey {
    exchange.replyKey(
      exported: exported, encapsulatedKey: encapsulatedKey.bytes,
      responseNonce: header.nonce.bytes)
  }

  private func open(
    _ message: RawSpan, _ header: Header, under key: consuming SingleUseKey
  ) throws(ExchangeFailure) -> SealedReplyContent {
    let plaintext: SecretBytes
    do {
      plaintext = try key.open(
        message.extracting(droppingFirst: SealedExchange.replyHeaderByteCount),
        authenticating: message.extracting(first: SealedExchange.replyHeaderByteCount))
    } catch {
      throw .notAuthentic
    }
    return try SealedReplyContent(plaintext, isProven: header.isProven)
  }
}

/// An authentic reply: its kind, the KDC's time, and the fields of that kind.
struct SealedReplyContent: ~Copyable {
  let kind: SealedReplyKind
  let time: Timestamp
  private let plaintext: SecretBytes

  private static let headByteCount = 1 + 8

  init(_ plaintext: consuming SecretBytes, isProven: Bool) throws(ExchangeFailure) {
    let kind: SealedReplyKind
    let time: Timestamp
    do throws(WireError) {
      var reader = ByteReader(plaintext.bytes)
      guard let known = SealedReplyKind(rawValue: try reader.uint8()) else {
        throw WireError.invalid("reply kind")
      }
      kind = known
      time = try reader.timestamp()
    } catch {
      throw .malformed(error)
    }
    guard kind.isProven == isProven else { throw .unexpectedReply }
    self.kind = kind
    self.time = time
    self.plaintext = plaintext
  }

  private func seconds() throws(ExchangeFailure) -> UInt32 {
    do throws(WireError) {
      var reader = ByteReader(plaintext.bytes.extracting(droppingFirst: Self.headByteCount))
      let seconds = try reader.uint32()
      try reader.finish()
      return seconds
    } catch {
      throw .malformed(error)
    }
  }

  /// Reads the fields of the one kind that the caller awaits.
  func read<Value: ~Copyable>(
    _ expected: SealedReplyKind, _ read: (inout ByteReader) throws(WireError) -> Value
  ) throws(ExchangeFailure) -> Value {
    switch kind {
    case expected: break
    case .refused: throw .refused
    case .nameTaken: throw .nameTaken
    case .unavailable: throw .unavailable
    case .identityKeyDiffers: throw .identityKeyDiffers
    case .notInvited: throw .notInvited
    case .slowDown: throw .slowDown(seconds: try seconds())
    case .salt, .registered, .granted, .changed: throw .unexpectedReply
    }
    do {
      var reader = ByteReader(plaintext.bytes.extracting(droppingFirst: Self.headByteCount))
      let value = try read(&reader)
      try reader.finish()
      return value
    } catch {
      throw .malformed(error)
    }
  }
}
