internal import Cryptography
internal import SecretMemory
public import Wire

/// A moment, and the clock that told it.
public enum TrustedTime: Hashable, Sendable {
  /// KDC time, carried on from an earlier authentic reply of this KDC.
  case kdcClock(Timestamp)
  /// The machine's own clock, at the very first contact: a day either way.
  case wallClock(Timestamp)

  /// How far the KDC's clock may differ from what this one says.
  var tolerance: Interval {
    switch self {
    case .kdcClock: .minutes(2)
    case .wallClock: .days(1)
    }
  }

  var moment: Timestamp {
    switch self {
    case .kdcClock(let moment), .wallClock(let moment): moment
    }
  }
}

/// An epoch key that some KDC announced; whose it is has still to be judged (PROTOCOL.md, 4.2).
public struct AnnouncedEpoch: Sendable {
  /// The message that asks a KDC for its epoch key.
  public static var request: [UInt8] { ByteWriter(message: .epochRequest).publicBytes() }

  /// The realm of the identity that signed the key. Show it, or compare it with the pinned one.
  public var realm: Realm { identity.realm }
  /// Who has signed it, to be compared with a pin (E4).
  public let identity: AnnouncedIdentity
  private let announcement: EpochAnnouncement

  /// From when, and until when, the key is good, by the clock of who signed it.
  public var period: (from: Timestamp, until: Timestamp) {
    (announcement.notBefore, announcement.notAfter)
  }

  /// Step E3: reads the announcement, follows the identity from the founding key on, and verifies
  /// that it signed it.
  ///
  /// - Throws: `malformed`, `failed`, `unexpectedReply` or `notAuthentic`.
  public init(_ message: RawSpan) throws(ExchangeFailure) {
    announcement = try parseReply(message, as: .epochReply, EpochAnnouncement.init(from:))
    guard let realm = announcement.succession.realm(of: announcement.identity) else {
      throw .notAuthentic
    }
    identity = AnnouncedIdentity(realm, after: announcement.succession.formerKeys)
    let content = EpochAnnouncement.signedContent(
      realm: realm, notBefore: announcement.notBefore, notAfter: announcement.notAfter,
      key: announcement.key)
    guard
      realm.identity.isValidSignature(announcement.signature.bytes, for: content.bytes)
    else { throw .notAuthentic }
  }

  /// Step E4: takes the epoch key for what requests are sealed to.
  ///
  /// - Throws: `identityChanged` unless the realm is the pinned one, `epochNotCurrent` if its time
  ///   is over or not yet come.
  public func accept(
    pinned: Realm, at time: TrustedTime
  ) throws(ExchangeFailure) -> VerifiedEpoch {
    guard realm == pinned else { throw .identityChanged }
    guard time.moment + time.tolerance >= announcement.notBefore,
      time.moment - time.tolerance <= announcement.notAfter,
      announcement.notBefore < announcement.notAfter,
      announcement.notAfter.since(announcement.notBefore) <= .hours(24)
    else { throw .epochNotCurrent }
    return VerifiedEpoch(realm: realm, key: announcement.key)
  }
}

/// An epoch key of the pinned KDC whose time has been checked. Only `AnnouncedEpoch` makes one.
public struct VerifiedEpoch: Sendable {
  /// The KDC that it is of, with the identity that was accepted.
  public let realm: Realm
  private let key: EpochPublicKey
  private let exchange: SealedExchange

  fileprivate init(realm: Realm, key: EpochPublicKey) {
    self.realm = realm
    self.key = key
    exchange = SealedExchange(realm: realm, epochKey: key)
  }

  /// Seals a request, with the proof of its content at its end if it proves something.
  func seal(
    _ body: borrowing ByteWriter,
    proof: (_ content: borrowing SecretBytes) -> [UInt8] = { _ in [] }
  ) throws(ExchangeFailure) -> Outgoing<SealedReplyOpener> {
    do {
      var sender = try EpochSender(
        to: key, info: exchange.info.bytes, exporterContext: exchange.exporterContext.bytes)
      let encapsulatedKey = sender.encapsulatedKey
      var plaintext = ByteWriter(capacity: 512)
      plaintext.bytes(body.written)
      let content = exchange.proofContent(
        encapsulatedKey: encapsulatedKey.bytes, body: body.written)
      plaintext.bytes(proof(content).bytes)
      let header = exchange.requestHeader
      let ciphertext = try sender.seal(plaintext.written, authenticating: header.bytes)
      return Outgoing(
        header + encapsulatedKey + ciphertext,
        next: SealedReplyOpener(
          exchange: exchange, encapsulatedKey: encapsulatedKey,
          exported: sender.exported.duplicate()))
    } catch {
      throw .notAuthentic
    }
  }
}

/// Reads a message that should be of one type: a failure in the clear is told as such, and every
/// other type is unexpected.
func parseReply<Value: ~Copyable>(
  _ message: RawSpan, as expected: MessageType,
  _ read: (inout ByteReader) throws(WireError) -> Value
) throws(ExchangeFailure) -> Value {
  do {
    var reader = ByteReader(message)
    let type = try reader.messageType()
    if type == .failure {
      guard let code = FailureCode(rawValue: try reader.uint8()) else {
        throw WireError.invalid("failure code")
      }
      let wait: UInt32? = code == .slowDown ? try reader.uint32() : nil
      try reader.finish()
      throw wait.map { .slowDown(seconds: $0) } ?? ExchangeFailure.failed(code)
    }
    guard type == expected else { throw ExchangeFailure.unexpectedReply }
    return try read(&reader)
  } catch let error as ExchangeFailure {
    throw error
  } catch let error as WireError {
    throw .malformed(error)
  } catch {
    throw .notAuthentic
  }
}
