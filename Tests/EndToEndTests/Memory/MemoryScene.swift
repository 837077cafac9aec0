import Cryptography
import Foundation
import SecretMemory
import SystemClock
import Testing
import Wire

@testable import KeyDistribution

/// A realm with a mailbox and two users whose passphrases nothing else looks like, and what is
/// known of everybody's secrets.
struct MemoryScene {
  /// What a KDC has for as long as it runs (SECURITY.md).
  static let heldByKDC: Set = [
    "identity seed of the KDC", "storage key of the KDC", "salt key of the KDC",
    "ratchet key of the KDC", "digest storage key", "ticket key storage key",
    "ticket-granting key of this hour",
  ]

  /// What it has of users who have proven themselves in the last ten minutes.
  static func kept(of names: String...) -> Set<String> {
    Set(names.flatMap { ["proof key of \($0)", "reply key of \($0)"] })
  }

  let stage: Stage
  let kdc: RunningKDC
  let post: Machine
  let mailbox: Program
  private(set) var alice: User
  let bob: User
  /// The way to the KDC that is recorded.
  private let streams: StreamForwarder
  private let datagrams: DatagramForwarder
  var port: UInt16 { streams.port }
  private(set) var search = SecretSearch()

  init(_ stage: Stage) async throws {
    self.stage = stage
    kdc = try await stage.kdc(["--audit", stage.folder.path("audit")])
    streams = try StreamForwarder(to: kdc.port)
    datagrams = try DatagramForwarder(streams.port, to: kdc.port)
    post = try await Machine.registered("post", at: kdc, on: stage)
    mailbox = try await stage.mailbox(post, at: kdc)
    alice = try User("alice", in: stage.folder, passphrase: Self.passphrase())
    bob = try User("bob", in: stage.folder, passphrase: Self.passphrase())
    // Both are registered, by programs that have ended.
    for user in [alice, bob] {
      let program = try stage.sending(user, at: kdc, to: "nobody", ["--text", "nothing"])
      try await program.expectExit(6)
      try search.add(user, of: kdc)
    }
    try search.add(kdc)
    try addDerivedKeys()
    try add(post)
  }

  /// Random letters and digits.
  static func passphrase() -> String { Base32.encode(randomBytes(30)) }

  // MARK: What is known

  private mutating func add(_ name: String, _ bytes: borrowing SecretBytes) {
    search.add(name, [UInt8](bytes.bytes))
  }

  /// Keys that come out of those in `kdc.key` (PROTOCOL.md, 3.7 and 4.4).
  private mutating func addDerivedKeys() throws {
    let state = try StolenState(of: kdc)
    let storage = search.secrets.first { $0.name == "storage key of the KDC" }
    let storageKey = try #require(storage).bytes
    for (name, label) in [
      ("digest storage key", Label.digestStorage), ("ticket key storage key", .presenceStorage),
    ] {
      let key = HKDF.expand(storageKey.bytes, info: ByteWriter(label).written, count: 32)
      add(name, key)
    }
    let granting = state.machine.currentTicketGrantingKey(at: SystemClock.now)
    add("ticket-granting key of this hour", granting.key.secretBytes())
    // A line, the key, a checksum (AUDIT.md, 5).
    let initial = try #require(stage.folder.bytes(of: "audit.initial"))
    search.add("initial key of the audit", Array(initial.dropLast(32).suffix(32)))
  }

  mutating func add(_ machine: Machine) throws {
    let name = machine.name
    let key = try machine.key()
    let file = key.file()
    search.add("key of \(name)", [UInt8](file.bytes.extracting(115..<147)))
    add("identity seed of \(name)", key.identitySeed)
    let record = try StolenState(of: kdc).user(principal(name))
    let made = key.secret(salt: record.salt)
    add("digest of \(name)", made.digest)
    add("device key of \(name)", made.deviceKey)
  }

  /// The key of the audit's next record (AUDIT.md, 5), behind which is a checksum. It is there twice.
  func auditKey() throws -> [UInt8] {
    let state = try #require(stage.folder.bytes(of: "audit.key"))
    return Array(state.dropLast(32).suffix(32))
  }

  /// Whether it is of all records that there are, in both copies: a line, their count, other things.
  func auditStateIsPresent() throws -> Bool {
    let state = try #require(stage.folder.bytes(of: "audit.key"))
    let end = try #require(state.firstIndex(of: UInt8(ascii: "\n")))
    let count = state[(end + 1)...].prefix(8).reduce(0) { $0 << 8 | Int($1) }
    let second = state.dropFirst(4096)
    return state.prefix(second.count) == second
      && stage.folder.bytes(of: "audit")?.count { $0 == UInt8(ascii: "\n") } == count
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) { search.add(name, bytes) }

  /// The login that a device keeps, whose keys are looked for from here on.
  mutating func kept(by user: User) throws -> Credential {
    let path = try search.add(keptLoginOf: user)
    let file = try #require(FileManager.default.contents(atPath: path).map(Array.init))
    return try CachedCredential.decode(file.bytes)
  }

  /// The keys of all that was asked for with this login by way of `port`: each time under the
  /// request key that the answer before has brought.
  mutating func addRecordedKeys(of login: borrowing Credential) throws {
    #expect(!datagrams.recorded.isEmpty)
    var requestKey = [UInt8](login.requestKey.bytes)
    for exchange in datagrams.recorded {
      let grant = RecordedGrant(request: exchange.request, answer: exchange.answer)
      for key in try grant.keys(login, SecretBytes(copying: requestKey.bytes)) {
        search.add(key.name, key.bytes)
        if key.name == RecordedGrant.renewal { requestKey = key.bytes }
      }
    }
  }

  /// What was known of alice is called "former" from here on.
  mutating func changePassphraseOfAlice() async throws {
    let next = try User(
      "alice", in: stage.folder.folder("next"), device: nil, passphrase: Self.passphrase())
    let passwd = try stage.start(
      .client,
      ["passwd", "-n", "alice", "--new-passphrase-file", next.passphraseFile]
        + ["--passphrase-file", alice.passphraseFile]
        + Stage.Access(port: kdc.port, ["--kdc-key", kdc.word]).arguments, home: alice.home)
    try await passwd.expectExit(0)
    var renamed = SecretSearch()
    for secret in search.secrets {
      let isOld = secret.name.hasSuffix(" of alice")
      renamed.add(isOld ? "former \(secret.name)" : secret.name, secret.bytes)
    }
    search = renamed
    alice = User(next, home: alice.home)
    try search.add(alice, of: kdc)
  }

  // MARK: Programs

  /// What is found in the memory of a program now.
  func memory(of program: Program) async throws -> Set<String> {
    try await CoreDump(of: program.processID, in: stage.folder)
      .findings(of: SecretPatterns(search.secrets))
  }

  /// Asks bob for his passphrase at a terminal, and receives until it is ended.
  func receiver() async throws -> Program {
    let received = try stage.folder.folder("received")
    let program = try stage.start(
      .client,
      ["receive", "-d", received.path, "-n", "bob", "-l", "0", "--accept-all", "--keep"]
        + Stage.Access(port: kdc.port, ["--kdc-key", kdc.word]).arguments, home: bob.home,
      input: .terminal)
    try await program.shown("passphrase of bob:")
    program.type(bob.passphrase)
    try await program.shown("listening on port")
    return program
  }

  /// Where a receiver listens.
  func port(of receiver: Program) throws -> UInt16 {
    let said = receiver.output.text.components(separatedBy: "listening on port ")
    return try #require(UInt16(said[said.count - 1].prefix { $0.isNumber }))
  }

  /// As whoever has `kdc.key` opens it.
  func ticketKey(of presence: PresenceRecord) throws -> [UInt8] {
    let key = try StolenState(of: kdc).keys.openTicketKey(of: presence)
    return [UInt8](key.bytes)
  }

  /// Keeps a login, by the way that is recorded.
  func logIn(_ user: User) async throws {
    let access = Stage.Access(
      port: port, ["--kdc-key", kdc.word, "--passphrase-file", user.passphraseFile])
    let login = try stage.start(
      .client, ["login", "-n", user.name] + access.arguments, home: user.home)
    try await login.expectExit(0)
  }

  /// With the login that is kept, by the way that is recorded. Its input stays open.
  func asAlice(_ words: [String]) throws -> Program {
    try stage.start(
      .client, words + ["-n", "alice"] + Stage.Access(port: port, []).arguments, home: alice.home,
      input: .pipe)
  }
}
