import Cryptography
import Directory
import FuzzSupport
import Logging
import Operation
import Wire

@testable import CenterProgram
@testable import KeyDistribution

/// A KDC's files with Alice, Bob and a removed user, and its desk: all that a command can do to
/// them, as the socket has it done.
enum OperatorBench {
  private static let disk = MemoryFolder()
  private static let files = ["kdc.key", "pwd.txt"]
  private static let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

  /// A user of this realm who is not there.
  static let carol: String = {
    let alice = FuzzSupport.Person.alice
    let record = alice.record
    let name = World.name("carol")
    let carol = UserRecord(
      name: name, address: record.address, keyVersion: 7, parameters: record.parameters,
      salt: record.salt, sealedDigest: sealed(name, keyVersion: 7), identity: record.identity,
      certificate: World.keys.certificate(for: name, identity: alice.identity.publicKey),
      state: .active)
    return RecordLines.text(of: carol)
  }()

  private static func sealed(_ name: PrincipalName, keyVersion: UInt32) -> [UInt8] {
    var random = FuzzRandom(9)
    return World.keys.sealDigest(
      World.secret("digest of carol"), name: name, keyVersion: keyVersion, random: &random)
  }

  /// The files as they are before each run.
  private static let pristine: [[UInt8]] = {
    do {
      try KeyFile.save(World.material(), to: disk.path + "/kdc.key")
      let realm = try open()
      let bob = FuzzSupport.Person.bob.record
      let removed = UserRecord(
        name: World.name("dave"), address: bob.address, keyVersion: 3, parameters: bob.parameters,
        salt: bob.salt, sealedDigest: bob.sealedDigest, identity: nil, certificate: [],
        state: .removed)
      for user in [FuzzSupport.Person.alice.record, bob, removed] {
        let outcome: ChangeOutcome = realm.directory.waiting {
          realm.directory.apply(.register(user), at: World.now, answer: $0)
        }
        expect(outcome == .done, "a user is registered")
      }
      realm.directory.close()
    } catch {
      fatalError("no realm: \(error)")
    }
    return files.map { disk.get($0) ?? [] }
  }()

  private static func open() throws -> RealmFiles {
    try RealmFiles(
      at: .files(userFile: disk.path + "/pwd.txt"), policy: CenterPolicy(), logger: logger)
  }

  static func carryOut(_ lines: [[UInt8]]) {
    let former = pristine
    disk.clear()
    for (name, bytes) in zip(files, former) { disk.put(bytes, at: name) }
    do {
      let realm = try open()
      let desk = OperatorDesk(realm) { event, _ in _ = event }
      var users = users(of: realm.directory)
      for line in lines {
        let now = answer(line, by: desk, before: users)
        users = now
      }
      realm.directory.close()
      // Whatever was asked, the files are good, and say what the KDC said.
      let again = try open()
      expect(self.users(of: again.directory) == users, "what was done is on the disk")
      again.directory.close()
      let report = try UserFileReport(disk.path + "/pwd.txt", keys: again.center.keys)
      expect(report.problemCount == 0, "every line is sound")
    } catch {
      fatalError("broken: the files open: \(error)")
    }
  }

  private typealias Users = [PrincipalName: UserRecord]

  private static func users(of directory: any RealmStore) -> Users {
    var users: Users = [:]
    do {
      try directory.visitUsers { users[$0.name] = $0 }
    } catch {
      fatalError("broken: the users are there: \(error)")
    }
    return users
  }

  private static func answer(_ line: [UInt8], by desk: OperatorDesk, before: Users) -> Users {
    var listed = 0
    let answer = OperatorSocket.answer(to: line, by: desk) { item in
      listed += 1
      expect(isRead(item), "an item is one line of JSON")
      return true
    }
    expect(isRead(answer), "an answer is one line of JSON")
    let isDone = answer["done"] != nil
    expect(isDone != (answer["error"] != nil), "an answer says that it was done, or why not")
    let after = users(of: desk.directory)
    let request = (try? JSONValue(line)).flatMap(OperatorRequest.init)
    expect(isDone || after == before, "what is refused changes nothing")
    expect(request != nil || !isDone, "what is no request is not done")
    guard isDone, let request else { return after }
    if case .list = request { expect(listed == after.count, "everybody is listed") }
    let named = name(in: request)
    for (name, user) in after {
      guard let former = before[name] else {
        expect(isAddition(request), "nobody else comes")
        continue
      }
      expect(user.keyVersion >= former.keyVersion, "no key version number comes again")
      if !request.replacesKeys, name != named, !isAddition(request) {
        expect(user == former, "nobody else is changed")
      }
      if former.state == .active, user.state == .disabled {
        expect(user.keyVersion > former.keyVersion, "old logins are over")
      }
      if user.state == .active { expect(desk.center.keys.isSound(user), "a user can log in") }
    }
    expect(before.keys.allSatisfy { after[$0] != nil }, "nobody is forgotten")
    return after
  }

  private static func isRead(_ value: JSONValue) -> Bool {
    let line = [UInt8]("\(value)".utf8)
    return !line.contains(UInt8(ascii: "\n")) && (try? JSONValue(line)) == value
  }

  private static func isAddition(_ request: OperatorRequest) -> Bool {
    if case .add = request { true } else { false }
  }

  private static func name(in request: OperatorRequest) -> PrincipalName? {
    switch request {
    case .disable(let name), .enable(let name), .remove(let name), .reset(let name, _),
      .allow(let name, _):
      name
    default: nil
    }
  }
}
