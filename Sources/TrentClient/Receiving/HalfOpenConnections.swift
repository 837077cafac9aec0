internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// A connection from somebody whose offer is not known yet.
final class HalfOpenConnection {
  /// How far a caller has come.
  enum Stage: ~Copyable {
    case connected
    /// The first handshake message has been answered.
    case answered(ExpectFirstRecord)
    /// The caller is a peer, and says what it has to offer.
    case listing(IncomingList)
    /// All is said; only the other end may close without losing what it was told.
    case over
  }

  private static let patience = Interval.seconds(10)
  /// A peer may take longer for a long list.
  private static let listPatience = Interval.seconds(60)

  let stream: StreamConnection
  let source: NetworkAddress
  private(set) var deadline = Deadline.after(HalfOpenConnection.patience)
  private var stage = Stage.connected
  /// Time for the list is given once.
  private var hasMoreTime = false
  private var assembler = PeerFrameAssembler(
    payloadLimit: PeerFrameType.handshakeMessage1.payloadLimit)

  init(_ stream: consuming StreamConnection, from source: NetworkAddress) {
    self.stream = stream
    self.source = source
  }

  var hasShownTicket: Bool {
    switch stage {
    case .connected: false
    case .answered: true
    case .listing: true
    case .over: false
    }
  }

  var isListing: Bool { lister != nil }

  /// Who is telling a list.
  var lister: PrincipalName? {
    switch stage {
    case .connected: nil
    case .answered: nil
    case .listing(let list): list.session.peer.name
    case .over: nil
    }
  }

  /// Takes the stage away; whoever goes on sets the next one.
  func takeStage() -> Stage {
    var taken = Stage.over
    swap(&taken, &stage)
    return taken
  }

  func goOn(_ next: consuming Stage) {
    switch next {
    case .connected: break
    case .answered: break
    case .listing:
      if !hasMoreTime { deadline = .after(Self.listPatience) }
      hasMoreTime = true
    case .over: deadline = .after(Self.patience)
    }
    stage = next
  }

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

  var nextDeadline: Deadline { all.map(\.deadline).min() ?? .never }

  /// How many peers are telling what they have to offer.
  var listingCount: Int { all.count { $0.isListing } }

  /// How many connections of one peer are doing that.
  func listingCount(of peer: PrincipalName) -> Int { all.count { $0.lister == peer } }

  var interests: [Polling.Interest] {
    all.map { Polling.Interest($0.stream.descriptor, .readable) }
  }
}
