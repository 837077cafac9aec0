import Cryptography
import DurableFiles
import Glibc
import SecretMemory
import SystemClock
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// What is done for a login that opens deposits, and in which order (PROTOCOL.md, B1).
@Suite struct DepositTakingTests {
  private let folder = TemporaryFolder()
  private let person = ScriptedPerson()
  private let name: PrincipalName
  private let post: PrincipalName
  private let home: HomeMailbox
  private let files: DepositKeyFiles

  init() throws {
    name = try #require(PrincipalName("alice"))
    post = try #require(PrincipalName("post"))
    home = HomeMailbox(of: name, in: realm(1), state: folder.state)
    files = DepositKeyFiles(of: name, in: realm(1), state: folder.state, person: person)
  }

  private var taking: DepositTaking { DepositTaking(in: folder.state, person: person) }

  private func storageKey() -> DepositStorageKey {
    DepositStorageKey(
      identitySeed: SecretBytes(copying: [UInt8](repeating: 2, count: 32).bytes), name: name,
      realm: realm(1))
  }

  private func login(lasting lifetime: Interval = .days(30)) throws -> Credential {
    var login = try credential(lasting: lifetime)
    login.depositStorageKey = .some(storageKey())
    return login
  }

  private func opens(_ key: AgreementPublicKey) throws -> Bool {
    switch try files.load(key, under: storageKey()) {
    case .some: true
    case .none: false
    }
  }

  private func clocks(after interval: Interval = .milliseconds(0)) -> PeerTrust.Clocks {
    PeerTrust.Clocks(kdc: SystemClock.now + interval, own: SystemClock.now + interval)
  }

  /// HOSTILE D 18: whatever happens after the KDC was told, what it was told of can be opened.
  @Test func keysAreOnTheDiskBeforeTheKDCIsTold() throws {
    var login = try login()
    let key = DepositKeys(of: login).publicKey
    try home.save(post)
    var told: [PrincipalName?] = []
    _ = try taking.take(&login, at: clocks()) { (_, mailbox) throws(KDCFailure) in
      #expect(permissions(files.path(of: key)) == 0o600)
      #expect((try? opens(key)) == true)
      told.append(mailbox)
      return SystemClock.now
    }
    #expect(told == [post])
    #expect(person.said.isEmpty)
  }

  @Test func whatIsOverIsErasedFirst() throws {
    var former = try login(lasting: .days(1))
    let formerKey = DepositKeys(of: former).publicKey
    _ = try taking.take(&former, at: clocks()) { (_, _) throws(KDCFailure) in SystemClock.now }
    #expect(files.hasKeys(of: formerKey))
    var login = try login()
    var asked = 0
    _ = try taking.take(&login, at: clocks(after: .days(3))) { (_, mailbox) throws(KDCFailure) in
      #expect(!files.hasKeys(of: formerKey))
      #expect(mailbox == nil)
      asked += 1
      return SystemClock.now
    }
    #expect(asked == 1)
  }

  private func failure(
    taking login: inout Credential, _ clocks: PeerTrust.Clocks
  ) throws -> KDCFailure? {
    do throws(KDCFailure) {
      _ = try taking.take(&login, at: clocks) { (_, _) throws(KDCFailure) in
        Issue.record("the KDC is told")
        return clocks.kdc
      }
      return nil
    } catch {
      return error
    }
  }

  @Test func theKDCIsNotToldOfWhatCannotBeOpened() throws {
    // A kept login of an older version.
    var old = try credential(lasting: .days(30))
    guard case .client(let sentence) = try failure(taking: &old, clocks()) else {
      Issue.record("taken")
      return
    }
    #expect(sentence.description.contains("client login -n alice"))
    #expect(!files.hasKeys(of: DepositKeys(of: old).publicKey))
    // A folder that nothing can be written to: a file is in its place.
    _ = folder.write("", to: "in-the-way")
    let state = StateFolder(path: folder.path + "/in-the-way")
    var login = try login()
    #expect(throws: KDCFailure.self) {
      _ = try DepositTaking(in: state, person: person).take(&login, at: clocks()) {
        (_, _) throws(KDCFailure) in
        Issue.record("the KDC is told")
        return SystemClock.now
      }
    }
  }

  @Test func aDamagedMailboxIsNotToldToAnybody() throws {
    var login = try login()
    try home.save(post)
    for text in ["", "post", "po st\n", "post\n\n", String(repeating: "a", count: 80) + "\n"] {
      _ = folder.write(text, to: "state/deposits/\(realm(1).hexadecimalID)/alice/mailbox")
      guard case .client = try failure(taking: &login, clocks()) else {
        Issue.record("\(text) is taken for a mailbox")
        continue
      }
    }
    try home.save(nil)
    #expect(try home.load() == nil)
    try home.save(post)
    #expect(try home.load() == post)
    #expect(permissions(home.path) == 0o600)
  }

  /// What a login is good for besides does not depend on it.
  @Test func aKDCThatIsAwayOrKnowsALaterLoginIsToldToThePerson() throws {
    let target = try #require(HostAndPort(host: "127.0.0.1", port: 1))
    _ = try KnownKDCs(in: folder.state, person: person).pin(realm(1), for: target)
    var login = try login()
    let key = DepositKeys(of: login).publicKey
    switch try KDCLink(toPinned: KDCOptions(target: target), in: folder.state, person: person) {
    case .some(var link): taking.run(&login, for: .days(30), over: &link)
    case .none: Issue.record("no pin")
    }
    #expect(person.said.count == 1)
    #expect(person.said.first?.hasPrefix("this login of alice takes no deposits") == true)
    // The KDC may have heard of it all the same.
    #expect(try opens(key))
    let later = DepositTaking.sentence(about: .exchange(.superseded), name, KDCTarget(target))
    #expect(later.contains("another login of alice that came later takes deposits now"))
  }
}
