public import Cryptography
internal import SecretMemory
public import Wire

/// How the identity key of a realm was replaced, each time by a signature of the one before
/// (PROTOCOL.md, 2.4). Nothing of it is believed before `realm(of:)` has verified it.
public struct IdentitySuccession: Hashable, Sendable {
  /// How often a realm can replace its identity: an announcement has room for so many.
  public static let limit = 16

  private struct Step: Hashable, Sendable {
    let former: VerifyingKey
    let time: Timestamp
    let signature: [UInt8]
  }

  /// From the founding key on. Each one's successor is the next one's former key; the last one's is
  /// the present identity.
  private var steps: [Step] = []

  /// Of a realm that has its founding key.
  public init() {}

  /// How many identities there were before the present one.
  public var count: Int { steps.count }
  /// The identities before the present one, the founding key first.
  public var formerKeys: [VerifyingKey] { steps.map(\.former) }

  private static func content(
    _ number: Int, _ next: VerifyingKey, _ time: Timestamp, in realm: Realm
  ) -> [UInt8] {
    var content = ByteWriter(.identitySuccession, in: realm)
    content.uint16(1)
    content.uint8(UInt8(clamping: number))
    content.prefixed(next.encoding)
    content.prefixed(time)
    return content.publicBytes()
  }

  /// The same with one more step: the present identity says that `next` takes its place.
  ///
  /// - Returns: nil when there is no room for another.
  public func continued(
    by present: borrowing SigningKey, with next: VerifyingKey, in realm: Realm, at now: Timestamp
  ) -> IdentitySuccession? {
    guard count < Self.limit else { return nil }
    let time = max(now, steps.last?.time ?? now)
    let content = Self.content(count + 1, next, time, in: realm)
    var continued = self
    continued.steps.append(
      Step(former: present.publicKey, time: time, signature: present.sign(content.bytes)))
    return continued
  }

  /// The realm that the founding key makes, with `identity` as its present one.
  ///
  /// - Returns: nil unless each key has signed its successor, up to `identity`, none comes twice,
  ///   and no time is before the one before it.
  public func realm(of identity: VerifyingKey) -> Realm? {
    guard let founding = steps.first?.former else { return Realm(identity: identity) }
    let realm = Realm(identity: identity, foundedBy: founding)
    let keys = formerKeys + [identity]
    guard Set(keys).count == keys.count else { return nil }
    var latest = Timestamp(milliseconds: 0)
    for (index, step) in steps.enumerated() {
      let content = Self.content(index + 1, keys[index + 1], step.time, in: realm)
      guard step.time >= latest,
        step.former.isValidSignature(step.signature.bytes, for: content.bytes)
      else { return nil }
      latest = step.time
    }
    return realm
  }

  // MARK: As bytes

  /// Count (1 byte, not 0), then for each step the former key, time and signature.
  public func write(to message: inout ByteWriter) {
    message.uint8(UInt8(clamping: count))
    for step in steps {
      message.bytes(step.former.encoding)
      message.timestamp(step.time)
      message.bytes(step.signature.bytes)
    }
  }

  /// - Throws: `truncated`, or `invalid` for a count that is 0 or too large.
  public init(from reader: inout ByteReader) throws(WireError) {
    let count = Int(try reader.uint8())
    guard 1...Self.limit ~= count else { throw .invalid("number of identities") }
    for _ in 0..<count {
      guard let former = VerifyingKey(try reader.span(VerifyingKey.byteCount)) else {
        throw .invalid("identity")
      }
      steps.append(
        Step(
          former: former, time: try reader.timestamp(),
          signature: try reader.bytes(VerifyingKey.signatureByteCount)))
    }
  }
}
