import Cryptography
import FuzzSupport
import SecretMemory
import Synchronization
import Wire

@testable import KeyDistribution

/// The KDC with a small directory: raw messages, and messages whose plaintext is changed before it
/// is proven and sealed.
///
/// Input: kind, state of the directory, then the message or the changes to one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  Bench.run(&input)
  return 0
}

/// The messages that the fuzzer starts from.
private enum Template {
  private static let alice = Person.alice
  private static let carol = World.name("carol")

  static let salt = written { SaltRequest(name: alice.name).write(to: &$0) }

  /// Of a name that is free.
  static let registration = written { body in
    let statement = World.realm.identityProofContent(
      name: carol, identity: alice.identity.publicKey)
    RegistrationRequest(
      name: carol, keyVersion: World.keys.firstKeyVersion(for: carol), parameters: .passphrase,
      salt: World.keys.salt(for: carol), digest: secret(alice.digest),
      identity: alice.identity.publicKey, identityProof: alice.identity.sign(statement.bytes),
      port: 60_000
    ).write(to: &body)
  }

  static let login = written { body in
    LoginRequest(
      name: alice.name, identity: alice.identity.publicKey, loginKey: alice.signed,
      lifetimeSeconds: 28_800
    ).write(to: &body)
  }

  /// To the digest that bob has.
  static let change = written { body in
    func request(_ proof: [UInt8]) -> SecretChangeRequest {
      SecretChangeRequest(
        name: alice.name, keyVersion: alice.keyVersion, time: World.now, parameters: .passphrase,
        salt: World.keys.salt(for: alice.name), digest: secret(Person.bob.digest),
        identityProof: proof)
    }
    let statement = request([]).signedContent(in: World.realm)
    request(alice.identity.sign(statement.bytes)).write(to: &body)
  }

  static let ticket = granting(
    .ticket(
      purpose: .session, peer: Person.bob.name, ephemeral: alice.loginKey.publicKey,
      LoginSignature(alice.signed)))
  static let announcement = granting(
    .announce(port: 60_000, addresses: [World.source], LoginSignature(alice.signed)))
  static let withdrawal = granting(.withdraw)
  static let reach = granting(.reach(port: 60_000))
  static let takingDeposits = granting(
    .takeDeposits(LoginSignature(alice.signed), mailbox: Person.bob.name))
  static let services = granting(.services(.mailbox, after: Person.bob.name))
  static let deposit = granting(
    .ticket(
      purpose: .deposit, peer: Person.bob.name, ephemeral: alice.loginKey.publicKey,
      LoginSignature(alice.signed)))

  private static func granting(_ request: GrantingRequest) -> [UInt8] {
    written { body in
      body.timestamp(World.now)
      request.write(to: &body)
    }
  }

  private static func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.publicBytes()
  }
}

private enum Bench {
  /// The KDC forgets nothing within its windows, so it is made anew now and then.
  private static let center = Mutex((made(), uses: 0))
  private static let proofKeys = Proofs()

  static func run(_ input: inout FuzzInput) {
    let kind = input.byte() % 13
    let state = input.byte()
    let isDatagram = state & 1 == 1
    let message: [UInt8]
    switch kind {
    case 0: message = input.remainder()
    case 1: message = sealed(Template.salt.mutated(by: &input), isProven: false)
    case 2: message = sealed(Template.registration.mutated(by: &input), isProven: true)
    case 3: message = sealed(Template.login.mutated(by: &input), isProven: true)
    case 4: message = granting(Template.ticket.mutated(by: &input), &input)
    case 5: message = granting(Template.announcement.mutated(by: &input), &input)
    case 6: message = granting(Template.withdrawal.mutated(by: &input), &input)
    case 7: message = granting(Template.reach.mutated(by: &input), &input)
    case 8: message = granting(input.remainder(), &input)
    case 10: message = granting(Template.takingDeposits.mutated(by: &input), &input)
    case 11: message = granting(Template.services.mutated(by: &input), &input)
    case 12: message = granting(Template.deposit.mutated(by: &input), &input)
    default: message = sealed(Template.change.mutated(by: &input), isProven: true)
    }
    var store = Store(state)
    take(message, isDatagram: isDatagram, state: state, &store)
  }

  private static func take(
    _ message: [UInt8], isDatagram: Bool, state: UInt8, _ store: inout Store
  ) {
    let center = present()
    var random = FuzzRandom(UInt64(message.count))
    let before = store.users[Person.alice.name]
    let step = center.receive(
      message.bytes, from: World.source, isDatagram: isDatagram, at: World.now, random: &random)
    let answer: CenterAnswer
    switch step {
    case .answer(let given): answer = given
    case .lookUp(_, let pending) where state & 2 != 0:
      answer = center.giveUp(pending, at: World.now, random: &random)
    case .lookUp(let query, let pending):
      let decision = center.resume(
        pending, with: store.lookUp(query), at: World.now, random: &random)
      switch decision {
      case .answer(let given): answer = given
      case .change(let change, let pending):
        let outcome = store.apply(change, forced: state)
        answer = center.finish(pending, outcome: outcome, at: World.now, random: &random)
      case .probe(let address, _, let pending):
        expect(!isDatagram, "nobody is connected to on a datagram's word")
        expect(address.ip == World.source.ip && address.port != 0, "only the source is tried")
        answer = center.finish(pending, isReached: state & 64 != 0, at: World.now, random: &random)
      }
    }
    check(answer, message: message, isDatagram: isDatagram)
    if let before, before.identity != nil { check(store.users[before.name], after: before) }
  }

  /// An existing user is not changed, but for the one change that the owner has signed.
  private static func check(_ user: UserRecord?, after before: UserRecord) {
    guard let user, user != before else { return expect(user == before, "nobody removes a user") }
    var expected = before
    expected.keyVersion = before.keyVersion &+ 1
    expected.sealedDigest = user.sealedDigest
    guard let digest = try? World.keys.openDigest(of: user) else {
      return expect(false, "a changed digest opens")
    }
    let isBobs = [UInt8](digest.bytes) == Person.bob.digest
    expect(
      user == expected && isBobs && user.keyVersion > before.keyVersion,
      "nobody changes an existing user but as its owner signed")
  }

  private static func check(_ answer: CenterAnswer, message: [UInt8], isDatagram: Bool) {
    guard let reply = answer.message else { return }
    expect(reply.count <= (isDatagram ? 1232 : 4096), "a reply fits")
    expect(!isDatagram || message.starts(with: [1, 5]), "only granting requests by datagram")
    expect(!isDatagram || reply.starts(with: [1, 6]), "no failure by datagram")
    expect(reply.count >= 3 && reply[0] == 1, "a reply is a message")
  }

  private static func made() -> KeyDistributionCenter {
    let center = KeyDistributionCenter(
      World.material(), policy: CenterPolicy(), now: World.start)
    var random = EpochSeed()
    _ = center.maintain(at: World.start, random: &random)
    return center
  }

  private static func present() -> KeyDistributionCenter {
    center.withLock { center in
      center.uses += 1
      if center.uses > 20_000 { center = (made(), 0) }
      return center.0
    }
  }

  // MARK: Sealing what was changed

  private static func sealed(_ body: [UInt8], isProven: Bool) -> [UInt8] {
    guard
      var sender = try? EpochSender(
        to: proofKeys.epochKey, info: proofKeys.exchange.info.bytes,
        exporterContext: proofKeys.exchange.exporterContext.bytes)
    else { fatalError("no sender") }
    var plaintext = body
    if isProven {
      let content = proofKeys.exchange.proofContent(
        encapsulatedKey: sender.encapsulatedKey.bytes, body: body.bytes)
      plaintext += proofKeys.proof(of: content, body: body)
    }
    let header = proofKeys.exchange.requestHeader
    let encapsulatedKey = sender.encapsulatedKey
    let sealed = try? sender.seal(plaintext.bytes, authenticating: header.bytes)
    return header + encapsulatedKey + (sealed ?? [])
  }

  private static func granting(_ plaintext: [UInt8], _ input: inout FuzzInput) -> [UInt8] {
    let nonce = [UInt8](SHA256.hash((plaintext + input.bytes(16)).bytes).prefix(16))
    let exchange = GrantingExchange(realm: World.realm, requestNonce: nonce.bytes)
    let header = exchange.requestHeader(ticket: Person.alice.ticket)
    let keys = exchange.requestKeys(secret(Person.alice.requestKey))
    return SingleUseKey(keys).seal(plaintext.bytes, behind: header.bytes)
  }
}

/// What proves requests: the digest is in the request, or alice's.
private final class Proofs: Sendable {
  let epochKey: EpochPublicKey
  let exchange: SealedExchange

  init() {
    guard let key = try? EpochKey(seed: secret(World.epochSeed)) else {
      fatalError("no epoch key")
    }
    epochKey = key.publicKey
    exchange = SealedExchange(realm: World.realm, epochKey: epochKey)
  }

  /// As the fields say, as far as they can be read.
  func proof(of content: borrowing SecretBytes, body: [UInt8]) -> [UInt8] {
    var name = Person.alice.name
    var keyVersion = Person.alice.keyVersion
    var digest = Person.alice.digest
    var reader = ByteReader(body.bytes)
    if (try? reader.uint8()) == SealedRequestKind.registration.rawValue,
      let request = try? RegistrationRequest(from: &reader)
    {
      name = request.name
      keyVersion = request.keyVersion
      digest = [UInt8](request.digest.bytes)
    }
    guard
      let shared = try? SharedKey(
        digest: digest.bytes, name: name, keyVersion: keyVersion, realm: World.realm)
    else { return [] }
    return shared.proof(of: content.bytes)
  }
}

private struct EpochSeed: RandomSource {
  func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(of: World.epochSeed[offset % 32], toByteOffset: offset, as: UInt8.self)
    }
  }
}

/// Two users and one presence, in one of several states.
private struct Store {
  private(set) var users: [PrincipalName: UserRecord]
  private(set) var presences: [PrincipalName: PresenceRecord]
  private(set) var deposits: [PrincipalName: DepositRecord]

  private static let alice = Person.alice.record
  private static let bob = Person.bob.record
  private static let presence = Person.bob.presence
  private static let deposits = Person.bob.deposits

  init(_ state: UInt8) {
    var alice = Self.alice
    var bob = Self.bob
    switch state >> 2 & 7 {
    case 1: alice.state = .disabled
    case 2: alice.state = .removed
    case 3: alice.keyVersion = .max
    case 4:
      alice.identity = nil
      alice.certificate = []
    case 5: bob.state = .disabled
    case 6: alice.sealedDigest = []
    default: break
    }
    users = [alice.name: alice, bob.name: bob]
    presences = state >> 5 & 1 == 0 ? [bob.name: Self.presence] : [:]
    deposits = state >> 5 & 1 == 0 ? [bob.name: Self.deposits] : [:]
  }

  func lookUp(_ query: RecordQuery) -> Records {
    Records(
      users: users.filter { query.users.contains($0.key) },
      presences: presences.filter { query.presences.contains($0.key) },
      deposits: query.deposits.flatMap { deposits[$0] },
      services: query.services == nil ? [] : users.keys.sorted())
  }

  mutating func apply(_ change: DirectoryChange, forced state: UInt8) -> ChangeOutcome {
    switch state >> 6 {
    case 1: return .conflict
    case 2: return .failed
    default: break
    }
    switch change {
    case .registerInvited: return .notInvited
    case .register(let user):
      expect(users[user.name].map { $0.state == .removed } ?? true, "a registered name is free")
      users[user.name] = user
    case .update(let user, let replacing):
      guard users[user.name]?.keyVersion == replacing else { return .conflict }
      users[user.name] = user
    case .announce(let presence):
      expect(presence.addresses.count <= PresenceRecord.addressLimit, "addresses are few")
      presences[presence.name] = presence
    case .withdraw(let name, _): presences[name] = nil
    case .takeDeposits(let record): deposits[record.name] = record
    }
    return .done
  }
}
