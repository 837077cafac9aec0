import Directory
import FuzzSupport
import SecretMemory
import Synchronization
import Wire

@testable import KeyDistribution

/// A KDC with its directory, and up to three requests, one after the other.
enum CenterBench {
  /// The KDC forgets nothing within its windows, so it is made anew now and then.
  private static let center = Mutex((made(), uses: 0))

  static func run(_ input: inout FuzzInput) {
    let kind = input.byte()
    let state = input.byte()
    let directory = RealDirectory.inState(state)
    var isChanged = take(
      message(kind, &input), state: state, isRecorded: isRaw(kind), directory)
    for _ in 0..<2 where !input.isEmpty {
      let next = input.byte()
      // The same state of everything else, by another way.
      let message = message(next, &input)
      isChanged =
        take(message, state: state ^ next >> 7, isRecorded: isRaw(next), directory) || isChanged
    }
    if isChanged { directory.undo(forced: state) }
  }

  private static func isRaw(_ kind: UInt8) -> Bool { kind % 15 == 0 }

  private static func message(_ kind: UInt8, _ input: inout FuzzInput) -> [UInt8] {
    switch kind % 15 {
    case 0: input.remainder()
    case 1: Sealing.sealed(Template.salt.mutated(by: &input), isProven: false)
    case 2: Sealing.sealed(Template.registration.mutated(by: &input), isProven: true)
    case 3: Sealing.sealed(Template.login.mutated(by: &input), isProven: true)
    case 4: Sealing.granting(Template.ticket.mutated(by: &input), &input)
    case 5: Sealing.granting(Template.announcement.mutated(by: &input), &input)
    case 6: Sealing.granting(Template.withdrawal.mutated(by: &input), &input)
    case 7: Sealing.granting(Template.reach.mutated(by: &input), &input)
    case 8: Sealing.granting(input.remainder(), &input)
    case 10: Sealing.granting(Template.takingDeposits.mutated(by: &input), &input)
    case 11: Sealing.granting(Template.services.mutated(by: &input), &input)
    case 12: Sealing.granting(Template.deposit.mutated(by: &input), &input)
    case 13: Sealing.sealed(Template.invited.mutated(by: &input), isProven: true)
    case 14: Sealing.sealed(Template.reset.mutated(by: &input), isProven: true)
    default: Sealing.sealed(Template.change.mutated(by: &input), isProven: true)
    }
  }

  /// - Returns: whether anything may have changed.
  private static func take(
    _ message: [UInt8], state: UInt8, isRecorded: Bool, _ real: RealDirectory
  ) -> Bool {
    let isDatagram = state & 1 == 1
    let center = present()
    let directory = real.present
    var random = FuzzRandom(UInt64(message.count))
    let step = center.receive(
      message.bytes, from: World.source, isDatagram: isDatagram, at: World.now, random: &random)
    let answer: CenterAnswer
    var isChanged = false
    switch step {
    case .answer(let given): answer = given
    case .lookUp(_, let pending) where state & 2 != 0:
      answer = center.giveUp(pending, at: World.now, random: &random)
    case .lookUp(let query, let pending):
      guard let records = try? directory.records(query, at: World.now) else {
        fatalError("broken: what is there is found")
      }
      let decision = center.resume(pending, with: records, at: World.now, random: &random)
      switch decision {
      case .answer(let given): answer = given
      case .change(let change, let pending):
        isChanged = true
        let before = users(in: directory)
        let outcome = real.apply(change, forced: state)
        answer = center.finish(pending, outcome: outcome, at: World.now, random: &random)
        if state >> 6 != 1 {
          judge(
            change, outcome, before: before, after: users(in: directory), isRecorded: isRecorded)
        }
      case .probe(let address, _, let pending):
        expect(!isDatagram, "nobody is connected to on a datagram's word")
        expect(address.ip == World.source.ip && address.port != 0, "only the source is tried")
        answer = center.finish(pending, isReached: state & 64 != 0, at: World.now, random: &random)
      }
    }
    check(answer, message: message, isDatagram: isDatagram)
    return isChanged
  }

  // MARK: What must hold

  private typealias Users = [PrincipalName: UserRecord]

  private static func users(in directory: some RealmContent) -> Users {
    var users: Users = [:]
    guard (try? directory.visitUsers { users[$0.name] = $0 }) != nil else {
      fatalError("broken: the users are there")
    }
    return users
  }

  /// - Parameter isRecorded: whether it may be another one's request, out of a transcript.
  private static func judge(
    _ change: DirectoryChange, _ outcome: ChangeOutcome, before: Users, after: Users,
    isRecorded: Bool
  ) {
    if outcome != .done { expect(after == before, "what is not made changes nothing") }
    expect(before.keys.allSatisfy { after[$0] != nil }, "nobody removes a user")
    for (name, user) in after where before[name] != user {
      expect(World.keys.isSound(user), "a user can log in")
      guard let former = before[name] else { continue }
      check(user, after: former, isInvited: isInvited(change))
    }
    guard outcome == .done else { return }
    switch change {
    case .announce(let presence):
      expect(presence.addresses.count <= PresenceRecord.addressLimit, "addresses are few")
      expect(isRecorded || presence.name == Person.alice.name, "one is present for oneself")
    case .takeDeposits(let record):
      expect(isRecorded || record.name == Person.alice.name, "one takes deposits for oneself")
    case .withdraw(let name, _):
      expect(isRecorded || name == Person.alice.name, "one withdraws oneself")
    case .register, .registerInvited, .update: break
    }
  }

  private static func isInvited(_ change: DirectoryChange) -> Bool {
    if case .registerInvited = change { true } else { false }
  }

  /// An existing user is not changed, but for the one change that the owner has signed.
  private static func check(
    _ user: UserRecord, after before: UserRecord, isInvited: Bool
  ) {
    switch before.state {
    case .removed: return expect(user.keyVersion > before.keyVersion, "no key version comes again")
    case .reset:
      return expect(
        isInvited && user.keyVersion > before.keyVersion, "a name that was reset is for the invited"
      )
    case .disabled: return expect(false, "who is disabled stays as he is")
    case .active: break
    }
    if before.identity == nil {
      // Enrolment: the first login brings the identity key, and nothing else.
      var expected = before
      expected.identity = user.identity
      expected.certificate = user.certificate
      if user == expected { return }
    }
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

  // MARK: The KDC

  private static func made() -> KeyDistributionCenter {
    let center = KeyDistributionCenter(World.material(), policy: policy, now: World.start)
    var random = EpochSeed()
    _ = center.maintain(at: World.start, random: &random)
    return center
  }

  /// Its time stands still: with the usual brakes only the first requests would be looked at.
  private static let policy: CenterPolicy = {
    var policy = CenterPolicy()
    let free = BackOffRule(
      freeFailures: .max, firstDelay: .seconds(1), longestDelay: .minutes(1), forgiveness: .hours(1)
    )
    policy.brakes.name = free
    policy.brakes.source = free
    let unlimited = RateRule(perSecond: 0, burst: 1)
    policy.brakes.sealedRequests = unlimited
    policy.brakes.registrations = unlimited
    policy.probeInterval = .milliseconds(0)
    return policy
  }()

  private static func present() -> KeyDistributionCenter {
    center.withLock { center in
      center.uses += 1
      if center.uses > 20_000 { center = (made(), 0) }
      return center.0
    }
  }
}
