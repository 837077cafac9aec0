internal import Cryptography
internal import SecretMemory
internal import Wire

/// The key that ticket-granting tickets of one hour are sealed under. A class, so that a table can
/// hold it: it owns the key.
final class TicketGrantingKey: Sendable {
  /// The hour, counted from 1970.
  let period: UInt32
  let key: SealingKey
  /// What is authenticated with every ticket.
  let context: [UInt8]

  init(period: UInt32, key: consuming SealingKey, realm: Realm) {
    self.period = period
    self.key = key
    var context = ByteWriter(.ticketGrantingTicket, in: realm)
    context.uint32(period)
    self.context = context.publicBytes()
  }
}

/// Makes a TGT key for every hour, each chain key from the one before by HKDF, and erases what no
/// living ticket needs (PROTOCOL.md, 4.4). Replicas that began with the same chain key agree, and
/// whoever takes the state opens nothing from before it.
struct TicketGrantingRatchet: ~Copyable {
  /// The oldest hour whose tickets can still be alive.
  private(set) var basePeriod: UInt32
  private var baseChain: SecretBytes
  private var newestChain: SecretBytes
  private var keys: [TicketGrantingKey]
  private let realm: Realm

  /// How many hours of keys are kept: as long as the longest login.
  private let periodsKept: UInt32

  init(period: UInt32, chain: borrowing SecretBytes, realm: Realm, longestLogin: Interval) {
    self.realm = realm
    basePeriod = period
    baseChain = chain.duplicate()
    newestChain = chain.duplicate()
    periodsKept = UInt32(longestLogin.milliseconds / Interval.hours(1).milliseconds) + 1
    keys = [Self.key(from: chain, period: period, realm: realm)]
  }

  static func period(of now: Timestamp) -> UInt32 {
    UInt32(clamping: now.milliseconds / Interval.hours(1).milliseconds)
  }

  /// The key for tickets that are sealed now. A clock that runs behind the ratchet uses its oldest.
  func current(at now: Timestamp) -> TicketGrantingKey {
    key(for: max(Self.period(of: now), basePeriod)) ?? keys[keys.count - 1]
  }

  /// The key of tickets of an hour; nil when it is erased or not yet made.
  func key(for period: UInt32) -> TicketGrantingKey? {
    guard period >= basePeriod, Int(period - basePeriod) < keys.count else { return nil }
    return keys[Int(period - basePeriod)]
  }

  /// Makes the keys up to now and erases those that no living ticket needs.
  ///
  /// - Returns: whether the base moved, so that `kdc.key` has to be written anew.
  mutating func advance(to now: Timestamp) -> Bool {
    let present = Self.period(of: now)
    while basePeriod + UInt32(keys.count - 1) < present { appendNext() }
    guard present > basePeriod, present - basePeriod > periodsKept else { return false }
    let erased = Int(present - basePeriod - periodsKept)
    for _ in 0..<erased { baseChain = Self.step(baseChain, realm: realm) }
    basePeriod += UInt32(erased)
    keys.removeFirst(erased)
    return true
  }

  /// The chain key at `basePeriod`, for `kdc.key`.
  func chainKey() -> SecretBytes { baseChain.duplicate() }

  private mutating func appendNext() {
    newestChain = Self.step(newestChain, realm: realm)
    let period = basePeriod + UInt32(keys.count)
    keys.append(Self.key(from: newestChain, period: period, realm: realm))
  }

  private static func step(_ chain: borrowing SecretBytes, realm: Realm) -> SecretBytes {
    HKDF.expand(chain.bytes, info: ByteWriter(.ratchetStep, in: realm).written, count: 32)
  }

  private static func key(
    from chain: borrowing SecretBytes, period: UInt32, realm: Realm
  ) -> TicketGrantingKey {
    let key = HKDF.expand(
      chain.bytes, info: ByteWriter(.ratchetKey, in: realm).written, count: 32)
    return TicketGrantingKey(period: period, key: SealingKey(key), realm: realm)
  }
}
