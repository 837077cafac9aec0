import Cryptography
import DurableFiles
import FileTransfer
import KeyDistribution
import MailboxService
import SecretMemory
import SystemClock
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// Users of a realm who leave deposits for Bob, and Bob, who is back: sealed by the code that
/// senders use, in a box that a test fills and bends.
final class DepositScene {
  struct Missing: Error { let what: String }

  let folder = TemporaryFolder()
  let person: ScriptedPerson
  let realm: Realm
  private let center: SigningKey
  /// Bob's login when the deposits were left.
  let bob: Credential
  var box: FakeBox

  init(person: ScriptedPerson = ScriptedPerson(isPresent: false)) throws {
    self.person = person
    center = Self.identity(1)
    realm = Realm(identity: center.publicKey)
    box = FakeBox(try Self.name("post"), in: realm)
    bob = try Self.login("bob", identity: Self.identity(3), in: realm, lasting: .days(30))
    try keep(bob)
    for folder in ["in", "out", "sealed"] {
      try createPrivateFolders(self.folder.path + "/" + folder)
    }
  }

  static func name(_ text: String) throws -> PrincipalName {
    guard let name = PrincipalName(text) else { throw Missing(what: text) }
    return name
  }

  private static func identity(_ seed: UInt8) -> SigningKey {
    SigningKey(seed: SecretBytes(copying: [UInt8](repeating: seed, count: 32).bytes))
  }

  private static func login(
    _ name: String, identity: borrowing SigningKey, in realm: Realm, lasting lifetime: Interval
  ) throws -> Credential {
    var random = SystemRandom()
    let now = SystemClock.now
    let loginKey = AgreementKey(privateKey: random.secret(AgreementKey.byteCount))
    guard let observed = NetworkAddress(ip: [127, 0, 0, 1], port: 1) else {
      throw Missing(what: "address")
    }
    let signed = SignedLoginKey(
      key: loginKey.publicKey, issued: now, expires: now + lifetime, keyVersion: 1,
      owner: try Self.name(name), realm: realm, identity: identity)
    return Credential(
      realm: realm, name: try Self.name(name), identity: identity.publicKey,
      end: now + .hours(10), grantedAt: now, observed: observed, loginKey: loginKey,
      signed: signed, ticketKey: random.secret(32), requestKey: random.secret(32),
      ticket: random.bytes(TicketGrantingTicket.byteCount))
  }

  // MARK: Bob's device

  private static func storageKey(in realm: Realm) throws -> DepositStorageKey {
    DepositStorageKey(
      identitySeed: SecretBytes(copying: [UInt8](repeating: 3, count: 32).bytes),
      name: try Self.name("bob"), realm: realm)
  }

  var keyFiles: DepositKeyFiles {
    get throws {
      DepositKeyFiles(of: try Self.name("bob"), in: realm, state: folder.state, person: person)
    }
  }

  private func keep(_ login: borrowing Credential) throws {
    try keyFiles.save(DepositKeys(of: login), under: Self.storageKey(in: realm))
  }

  var peers: KnownPeers { KnownPeers(in: folder.state, person: person) }

  /// What `client fetch` does with the box.
  ///
  /// - Returns: how many were taken and left, and what it would end with.
  @discardableResult
  func fetch(
    _ rules: TransferRules = TransferRules(senders: .all), newPeer: NewPeerPolicy = .accept,
    to output: OutputTarget? = nil, until stop: any Stop = NoStop()
  ) throws -> (taken: Int, left: Int, status: TrentClient.ExitStatus?) {
    guard let target = HostAndPort(host: "kdc", port: 1) else { throw Missing(what: "target") }
    let name = try Self.name("bob")
    var options = ReceiveOptions(
      kdc: KDCOptions(target: target),
      signIn: SignInOptions(name: name, secret: .passphrase(.person)),
      output: output ?? .folder(folder.path + "/in"))
    options.rules = rules
    options.watcher = watcher
    let placing = ContentPlacing(
      options, for: name, in: realm, nil, newPeers: NewPeers(policy: newPeer, person: person),
      peers, person)
    var collecting = DepositCollecting(
      DepositKeychain(
        owner: name, state: folder.state, person: person,
        storageKey: try Self.storageKey(in: realm)),
      placing, rules, watcher, until: stop, limit: options.output.isForOne ? 1 : .max)
    try collecting.run(&box)
    let status = collecting.failure.flatMap { TrentClient.ExitStatus(rawValue: $0.exitCode) }
    return (collecting.takenCount, collecting.leftCount, status)
  }

  let watcher = KeepingWatcher()

  /// What a file that has come in says; nil when it is not there.
  func received(_ name: String) -> [UInt8]? { Self.bytes(folder.path + "/in/" + name) }

  static func bytes(_ path: String) -> [UInt8]? {
    guard let secret = try? readSecretFile(path, limit: 1 << 26) else { return nil }
    return [UInt8](secret.bytes)
  }

  // MARK: Senders

  /// Leaves a file, or a text.
  @discardableResult
  func leave(
    _ name: String, _ content: [UInt8], from sender: String = "alice", identity seed: UInt8 = 2,
    told: String? = nil
  ) throws -> WaitingDeposit {
    let path = folder.path + "/out/" + name
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(content.bytes)
    try file.commit()
    return try leave(.files([path]), from: sender, identity: seed, told: told)
  }

  @discardableResult
  func leave(
    _ input: Input, from sender: String = "alice", identity seed: UInt8 = 2, told: String? = nil
  ) throws -> WaitingDeposit {
    let bytes = try sealed(input, from: sender, identity: seed, for: bob)
    return try box.add(bytes, from: Self.name(told ?? sender))
  }

  /// The bytes of a deposit.
  func sealed(
    _ input: Input, from sender: String, identity seed: UInt8, for receiver: borrowing Credential
  ) throws -> [UInt8] {
    let login = try Self.login(
      sender, identity: Self.identity(seed), in: realm, lasting: .hours(10))
    let path = folder.path + "/sealed/deposit"
    var source = try InputSource(input, telling: person)
    try SealedDeposit.write(
      &source, under: ticket(for: login, to: receiver, receiverSeed: 3), by: login, to: path)
    guard let deposit = try SealedDeposit.read(path) else { throw Missing(what: path) }
    var bytes = [UInt8](repeating: 0, count: Int(deposit.byteCount))
    _ = try deposit.read(at: 0, into: &bytes)
    return bytes
  }

  /// What the KDC would have answered.
  private func ticket(
    for sender: borrowing Credential, to receiver: borrowing Credential, receiverSeed: UInt8
  ) throws -> PeerTickets.Trusted {
    var random = SystemRandom()
    let ephemeral = AgreementKey(privateKey: random.secret(AgreementKey.byteCount))
    let sessionKey = random.secret(32)
    let now = SystemClock.now
    let ticket = Ticket(
      purpose: .deposit, initiator: sender.name, responder: receiver.name,
      sessionKey: sessionKey.duplicate(), ephemeral: ephemeral.publicKey,
      identity: sender.identity, certificate: certificate(of: sender), loginKey: sender.signed,
      issued: now, expires: receiver.signed.expires, id: random.bytes(Ticket.idByteCount))
    let claim = PeerClaim(
      name: receiver.name, identity: receiver.identity, certificate: certificate(of: receiver),
      loginKey: receiver.signed)
    let peer = try PeerTrust(realm: realm, own: sender.name).judge(
      claim, pinned: nil, at: PeerTrust.Clocks(kdc: now, own: now))
    let grant = SessionGrant(
      peer: receiver.name, purpose: .deposit, sessionKey: sessionKey, claim: claim, addresses: [],
      ticket: ticket.sealed(under: receiver.ticketKey, realm: realm, random: &random))
    return PeerTickets.Trusted(grant: grant, peer: peer, ephemeral: ephemeral)
  }

  private func certificate(of user: borrowing Credential) -> [UInt8] {
    let content = realm.certificateContent(name: user.name, identity: user.identity)
    return center.sign(content.bytes)
  }

  /// Another login of Bob's, of which this device has no keys; or of somebody else's.
  func stranger(_ name: String = "bob") throws -> Credential {
    try Self.login(name, identity: Self.identity(3), in: realm, lasting: .days(30))
  }
}
