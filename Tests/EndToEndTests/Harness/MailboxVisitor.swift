import KeyDistribution
import MailboxService
import SecretMemory
import Testing
import Transport
import Wire

@testable import TrentClient

/// A user who asks mailboxes what no honest client may ask.
struct MailboxVisitor: ~Copyable {
  let name: PrincipalName
  private let signOn: SignOn
  private let state: StateFolder
  private var start: SignOn.Start

  /// Registers if need be.
  init(_ user: User, at kdc: RunningKDC) throws {
    let name = try #require(PrincipalName(user.name))
    let state = StateFolder(path: user.home.path)
    let options = KDCOptions(
      target: try #require(HostAndPort(host: "127.0.0.1", port: kdc.port)),
      expected: Realm(word: kdc.word))
    let signOn = SignOn(
      options,
      SignInOptions(
        name: name, secret: .passphrase(.file(user.passphraseFile)), registers: true),
      in: state, person: Nobody())
    start = try signOn.begin()
    self.name = name
    self.state = state
    self.signOn = signOn
  }

  /// A session, by a ticket for this purpose.
  mutating func visit(
    _ mailbox: String, with purpose: Purpose = .service
  ) throws -> MailboxVisit {
    let finder = PeerFinder(
      try #require(PrincipalName(mailbox)), for: purpose, signOn, state: state,
      newPeers: NewPeers(policy: .accept, person: Nobody()), person: Nobody())
    return MailboxVisit(try finder.connect(&start.login, over: &start.link))
  }
}

/// A session with a mailbox, each step of it as the test wants it.
struct MailboxVisit: ~Copyable {
  private static let patience = Interval.seconds(20)

  private var connection: PeerConnection

  init(_ connection: consuming PeerConnection) { self.connection = connection }

  mutating func ask(_ request: MailboxRequest) throws -> MailboxReply {
    try say(request.encoded())
    return try hear()
  }

  mutating func say(_ message: [UInt8]) throws { try connection.send(message.bytes) }

  mutating func hear() throws -> MailboxReply {
    let record = try connection.receive(stallLimit: Self.patience)
    return try MailboxReply(record.bytes)
  }

  /// Leaves all of something, or what is missing of it, and returns the last answer.
  mutating func leave(_ parcel: Parcel) throws -> MailboxReply {
    let answer = try ask(parcel.request)
    guard case .goOn(let offset) = answer else { return answer }
    try bring(parcel, from: Int(offset))
    return try hear()
  }

  /// - Parameter end: where to stop, if not at the end.
  mutating func bring(_ parcel: Parcel, from offset: Int, to end: Int? = nil) throws {
    let end = end ?? parcel.body.count
    for start in stride(from: offset, to: end, by: 60_000) {
      try say([UInt8](parcel.body[start..<min(start + 60_000, end)]))
    }
  }

  mutating func list(after number: UInt64 = 0) throws -> [WaitingDeposit] {
    guard case .waiting(let deposits, false) = try ask(.list(after: number)) else {
      throw TestProblem("no list")
    }
    return deposits
  }

  mutating func fetch(_ number: UInt64, from offset: UInt64, _ count: UInt32) throws -> [UInt8] {
    let request = MailboxRequest.fetch(number: number, offset: offset, byteCount: count)
    let answer = try ask(request)
    guard case .content(let promised) = answer else { throw TestProblem("\(answer)") }
    var content: [UInt8] = []
    while content.count < Int(promised) {
      let piece = try connection.receive(stallLimit: Self.patience)
      content += [UInt8](piece.bytes)
    }
    return content
  }

  /// All of a deposit.
  mutating func fetch(_ deposit: WaitingDeposit) throws -> [UInt8] {
    var content: [UInt8] = []
    while content.count < deposit.byteCount {
      content += try fetch(deposit.number, from: UInt64(content.count), 150_000)
    }
    return content
  }
}

/// Some bytes that somebody leaves.
struct Parcel: Sendable {
  let receiver: PrincipalName
  let id: DepositID
  let body: [UInt8]

  init(for receiver: String, _ body: [UInt8], id: [UInt8] = randomBytes(32)) throws {
    self.receiver = try #require(PrincipalName(receiver))
    self.id = try #require(DepositID(id))
    self.body = body
  }

  var request: MailboxRequest { .leave(for: receiver, id, byteCount: UInt64(body.count)) }
}
