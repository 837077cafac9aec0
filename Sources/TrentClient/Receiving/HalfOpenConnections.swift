internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// A connection from somebody who has not proven to be a peer yet.
final class HalfOpenConnection {
  private static let patience = Interval.seconds(10)

  let stream: StreamConnection
  let source: NetworkAddress
  let deadline = Deadline.after(HalfOpenConnection.patience)
  /// Awaits the first record, once the first handshake message has been answered.
  var expected: ExpectFirstRecord?
  private var assembler = PeerFrameAssembler(
    payloadLimit: PeerFrameType.handshakeMessage1.payloadLimit)

  init(_ stream: consuming StreamConnection, from source: NetworkAddress) {
    self.stream = stream
    self.source = source
  }

  var hasShownTicket: Bool { expected != nil }

  /// The next frame, if all of it has come in.
  func receiveAvailable() throws(TransportFailure) -> PeerFrame? {
    try stream.receiveAvailable(into: &assembler)
  }

  /// Connections are counted by what one host has.
  var origin: [UInt8] { source.network }
}

/// The connections that are not a session yet. There are never many: when a new one finds no
/// room the oldest goes that has shown no ticket, among those of its own source first.
struct HalfOpenConnections {
  private let limit: Int
  private let limitPerSource: Int
  /// The oldest first.
  private(set) var all: [HalfOpenConnection] = []

  init(limit: Int = 64, limitPerSource: Int = 16) {
    self.limit = limit
    self.limitPerSource = limitPerSource
  }

  mutating func add(_ connection: HalfOpenConnection) {
    let fromThere = all.filter { $0.origin == connection.origin }
    if fromThere.count >= limitPerSource { removeLeastPromising(of: fromThere) }
    if all.count >= limit { removeLeastPromising(of: all) }
    all.append(connection)
  }

  /// The oldest that has shown no ticket yet, so that outsiders displace each other only; else
  /// the oldest.
  private mutating func removeLeastPromising(of some: [HalfOpenConnection]) {
    if let chosen = some.first(where: { !$0.hasShownTicket }) ?? some.first { remove(chosen) }
  }

  mutating func remove(_ connection: HalfOpenConnection) { all.removeAll { $0 === connection } }

  mutating func removeAll() { all = [] }

  /// - Returns: whether there was one.
  mutating func removeOldest() -> Bool {
    guard !all.isEmpty else { return false }
    all.removeFirst()
    return true
  }

  mutating func removeOverdue() { all.removeAll { $0.deadline.hasPassed } }

  subscript(descriptor descriptor: Int32) -> HalfOpenConnection? {
    all.first { $0.stream.descriptor == descriptor }
  }

  var nextDeadline: Deadline { all.first?.deadline ?? .never }

  var interests: [Polling.Interest] {
    all.map { Polling.Interest($0.stream.descriptor, .readable) }
  }
}
