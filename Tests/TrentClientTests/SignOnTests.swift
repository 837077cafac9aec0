import Cryptography
import KeyDistribution
import SystemClock
import Testing
import Wire

@testable import TrentClient

/// Which login a program goes on with. Nothing here has a KDC to ask: no connection can be made.
@Suite struct SignOnTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson(isPresent: false)
  private let target: HostAndPort
  private let name: PrincipalName
  private let cache: CredentialCache

  init() throws {
    target = try #require(HostAndPort(host: "127.0.0.1", port: 1))
    name = try #require(PrincipalName("alice"))
    cache = CredentialCache(
      of: name, in: realm(1).hexadecimalID, state: folder.state, person: person)
    _ = try KnownKDCs(in: folder.state, person: person).pin(realm(1), for: target)
  }

  private func signOn(
    _ source: SecretSource = .passphrase(.person), registers: Bool = false, expected: Realm? = nil,
    keepsSecret: Bool = false
  ) -> SignOn {
    var options = SignInOptions(name: name, secret: source, registers: registers)
    options.keepsSecret = keepsSecret
    return SignOn(
      KDCOptions(target: target, expected: expected), options, in: folder.state, person: person)
  }

  private func exitCode(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch let error as ClientFailure {
      return error.exitCode
    } catch KDCFailure.client(let failure) {
      return failure.exitCode
    } catch {
      return -1
    }
  }

  @Test func aKeptLoginTakesNoConnectionAndNoQuestion() throws {
    try cache.save(try credential())
    let start = try signOn().begin()
    #expect(start.login.credential.name == name)
    #expect(start.link.realm == realm(1))
    #expect(person.questions.isEmpty)
  }

  @Test func withoutAPinThereIsNone() throws {
    try cache.save(try credential())
    // Another KDC is meant: it has to be asked, which nobody answers.
    #expect(exitCode { _ = try signOn(expected: realm(2)).begin() } == 3)
  }

  @Test func whoNamesAPassphraseFileOrAKeyFileOrRegistersSignsIn() throws {
    try cache.save(try credential())
    #expect(exitCode { _ = try signOn(.keyFile("/nowhere")).begin() } == 3)
    #expect(exitCode { _ = try signOn(.passphrase(.file("/nowhere"))).begin() } == 3)
    #expect(exitCode { _ = try signOn(registers: true).begin() } == 3)
    #expect(permissions(cache.path) == 0o600)
  }

  @Test(arguments: [(seconds: 0, isKept: false), (seconds: 50, isKept: true)])
  func oneThatHasEndedIsNotUsed(seconds: UInt64, isKept: Bool) throws {
    let past = SystemClock.now - .hours(1)
    try cache.save(
      try credential(grantedAt: past, lasting: .hours(1) + .seconds(seconds)))
    #expect(exitCode { _ = try signOn().begin() } == 3)
    #expect((permissions(cache.path) != nil) == isKept)
  }

  @Test func anEncryptedCopyNeedsThePassphrase() throws {
    try cache.save(try credential())
    do {
      _ = try signOn(keepsSecret: true).begin()
      Issue.record("began")
    } catch {
      #expect(error.description.contains("-s"))
    }
  }

  @Test func aLoginThatTheKDCEndsIsRemovedAndTold() throws {
    try cache.save(try credential())
    let signOn = signOn()
    var start = try signOn.begin()
    let code = exitCode {
      try signOn.recover(
        &start.login, from: .exchange(.loginOver), over: &start.link, asking: true)
    }
    #expect(code == 5)
    #expect(permissions(cache.path) == nil)
  }

  /// What is not under seal may come from anybody on the way.
  @Test func aHintRemovesNothing() throws {
    try cache.save(try credential())
    let signOn = signOn()
    var start = try signOn.begin()
    let code = exitCode {
      try signOn.recover(
        &start.login, from: .exchange(.failed(.ticketNotAccepted)), over: &start.link,
        asking: false)
    }
    #expect(code == 5)
    #expect(permissions(cache.path) == 0o600)
  }

  @Test func anotherFailureIsNoReasonForAnotherLogin() throws {
    try cache.save(try credential())
    let signOn = signOn()
    var start = try signOn.begin()
    do {
      try signOn.recover(
        &start.login, from: .exchange(.peerNotPresent), over: &start.link, asking: true)
      Issue.record("recovered")
    } catch {
      guard case .exchange(.peerNotPresent) = error else { throw error }
    }
    #expect(permissions(cache.path) == 0o600)
  }

  /// The person may have logged in anew while a receiver was running.
  @Test func aNewerLoginTakesThePlaceOfTheOld() throws {
    let now = SystemClock.now
    try cache.save(try credential(grantedAt: now))
    let signOn = signOn()
    var start = try signOn.begin()
    try signOn.renew(&start.login, over: &start.link)
    #expect(start.login.credential.grantedAt == now)
    for step in [UInt64(1), 2] {
      try cache.save(try credential(grantedAt: now + .milliseconds(step)))
      if step == 1 {
        try signOn.renew(&start.login, over: &start.link)
      } else {
        try signOn.recover(
          &start.login, from: .exchange(.loginOver), over: &start.link, asking: false)
      }
      #expect(start.login.credential.grantedAt == now + .milliseconds(step))
      #expect(permissions(cache.path) == 0o600)
    }
  }

  /// PROTOCOL.md, G3: what was left for a login whose time is over nobody opens any more.
  @Test func keysForDepositsWhoseTimeIsOverAreErased() throws {
    let files = DepositKeyFiles(of: name, in: realm(1), state: folder.state, person: person)
    let storageKey = DepositStorageKey(
      identitySeed: secret(String(repeating: "s", count: 32)), name: name, realm: realm(1))
    let past = SystemClock.now - .days(3)
    let over = DepositKeys(of: try credential(grantedAt: past, lasting: .days(1)))
    let good = DepositKeys(of: try credential(grantedAt: past, lasting: .days(30)))
    for keys in [over.publicKey, good.publicKey] { #expect(!files.hasKeys(of: keys)) }
    try files.save(over, under: storageKey)
    try files.save(good, under: storageKey)
    try cache.save(try credential())
    _ = try signOn().begin()
    #expect(!files.hasKeys(of: over.publicKey) && files.hasKeys(of: good.publicKey))
    #expect(person.said.isEmpty)
  }

  /// Threads have a copy each: what one of them gets in its place, the others find.
  @Test func whoRenewsACopyDoesSoForAll() throws {
    let now = SystemClock.now
    try cache.save(try credential(grantedAt: now))
    let shared = SharedLogin()
    let copies = SignOn.ofCopy(
      KDCOptions(target: target, expected: realm(1)),
      SignInOptions(name: name, secret: .keyFile("/nowhere")), in: folder.state, person: person,
      sharing: shared)
    var start = try copies.copy(of: try signOn().begin().login.credential)
    #expect(start.login.credential.grantedAt == now)
    try cache.remove()
    try copies.renew(&start.login, over: &start.link)
    #expect(start.login.credential.grantedAt == now)
    for (step, lifetime) in [(UInt64(0), Interval.hours(10)), (1, .seconds(30))] {
      shared.put(try credential(grantedAt: now + .milliseconds(step), lasting: lifetime))
      try copies.renew(&start.login, over: &start.link)
      #expect(start.login.credential.grantedAt == now)
    }
    shared.put(try credential(grantedAt: now + .milliseconds(2)))
    try copies.recover(
      &start.login, from: .exchange(.loginOver), over: &start.link, asking: false)
    #expect(start.login.credential.grantedAt == now + .milliseconds(2))
    // With nothing newer nobody is asked, and no file is read.
    let code = exitCode {
      try copies.recover(
        &start.login, from: .exchange(.loginOver), over: &start.link, asking: true)
    }
    #expect(code == 5)
    #expect(person.questions.isEmpty)
  }

  @Test func statusTellsAndRemovesWhatHasEnded() throws {
    try cache.save(try credential())
    let past = SystemClock.now - .hours(2)
    let ended = CredentialCache(
      of: name, in: realm(2).hexadecimalID, state: folder.state, person: person)
    try ended.save(try credential(in: realm(2), grantedAt: past, lasting: .hours(1)))
    let logins = KeptLogins(state: folder.state, person: person)
    let all = try logins.status()
    #expect(all.count == 2)
    let good = try #require(all.first { $0.isGood })
    #expect(good.description.hasPrefix("alice at 127.0.0.1:1, \(realm(1).word), until "))
    #expect(good.description.hasSuffix("(10 h 0 min)"))
    #expect(all.contains { !$0.isGood && $0.description.hasSuffix("expired, and removed") })
    #expect(permissions(ended.path) == nil)
    #expect(try logins.status() == [good])
    let places = PlaceFile(in: folder.state, person: person)
    try places.save(target, of: realm(1))
    #expect(try logins.status() == [good])
    let other = try #require(HostAndPort(host: "127.0.0.1", port: 2))
    _ = try KnownKDCs(in: folder.state, person: person).pin(realm(1), for: other)
    try places.save(other, of: realm(1))
    #expect(
      try logins.status().first?.description.hasPrefix(
        "alice at 127.0.0.1:1, 127.0.0.1:2 (of several, 127.0.0.1:2 answered last), ") == true)
  }

  @Test func logoutTakesWhatIsNamed() throws {
    let bob = CredentialCache(
      of: try #require(PrincipalName("bob")), in: realm(1).hexadecimalID, state: folder.state,
      person: person)
    try cache.save(try credential())
    try bob.save(try credential("bob"))
    let logins = KeptLogins(state: folder.state, person: person)
    try logins.logOut(name: name, from: KDCTarget(target))
    #expect(permissions(cache.path) == nil)
    #expect(permissions(bob.path) == 0o600)
    let other = try #require(HostAndPort(host: "other", port: 1))
    #expect(throws: ClientFailure.self) { try logins.logOut(from: KDCTarget(other)) }
    try logins.logOut()
    #expect(permissions(bob.path) == nil)
    #expect(person.said == ["logged out alice", "logged out bob"])
  }
}
