import DurableFiles
import Glibc
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

/// HOSTILE D 17 and 18: what others do to `pwd.txt` while a KDC has it open.
@Suite struct ForeignChangeTests {
  let folder: TemporaryFolder
  let path: String
  let alice: UserRecord
  let bob: UserRecord

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt")
    alice = try user("alice")
    bob = try user("bob")
    try put([usersHeader] + [alice, bob].map(UserLine.text), at: path)
  }

  /// To touch a mapped page that is gone would kill the process. Here whoever is still in the file
  /// is served, and nobody else's name is taken for free.
  @Test func cutFileCostsOnlyThoseWhoWereCutOff() async throws {
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    let whole = try contents(path)
    #expect(unsafe truncate(path, off_t(whole.count - 10)) == 0)
    #expect(try file.record(of: alice.name) == alice)
    #expect(throws: DirectoryUnavailable.self) { _ = try file.record(of: bob.name) }
    #expect(try file.record(of: try name("carol")) == nil)
    #expect(await file.register(bob) == .failed)
    #expect(await file.register(try user("carol")) == .failed)
    #expect(await file.update(try user("alice", keyVersion: 2), replacing: 1) == .failed)
    #expect(reports.kinds == [.lostLine(bob.name), .changedByOthers])
    #expect(try contents(path) == Array(whole.dropLast(10)))

    try put(whole, at: path)
    #expect(try file.record(of: bob.name) == bob)
    #expect(await file.register(try user("carol")) == .done)
    #expect(try file.record(of: try name("carol")) == (try user("carol")))
  }

  @Test func emptiedFileKillsNobody() async throws {
    let file = try openUsers(path)
    #expect(unsafe truncate(path, 0) == 0)
    for record in [alice, bob] {
      #expect(throws: DirectoryUnavailable.self) { _ = try file.record(of: record.name) }
      #expect(await file.register(record) == .failed)
    }
    #expect(try contents(path).isEmpty)
  }

  @Test func overwrittenLineIsNotBelieved() async throws {
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    let other = try contents(path).map { $0 == UInt8(ascii: "7") ? UInt8(ascii: "8") : $0 }
    try put(other, at: path)
    for record in [alice, bob] {
      #expect(throws: DirectoryUnavailable.self) { _ = try file.record(of: record.name) }
    }
    #expect(reports.kinds == [.lostLine(alice.name)])  // not once for everybody
  }

  /// As an editor leaves it. What is appended to the old file would be lost with it.
  @Test(arguments: [true, false])
  func changesAreNotWrittenToAFileThatIsGone(isReplaced: Bool) async throws {
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    if isReplaced {
      try put([usersHeader], at: folder.file("new"))
      #expect(unsafe rename(folder.file("new"), path) == 0)
    } else {
      #expect(unsafe unlink(path) == 0)
    }
    #expect(try file.record(of: alice.name) == alice)
    #expect(await file.register(try user("carol")) == .failed)
    #expect(await file.register(try user("dave")) == .failed)
    #expect(reports.kinds == [.changedByOthers])
    if isReplaced { #expect(try lines(path) == [usersHeader]) }
  }

  /// Lines that somebody appends count from the next start. Ours follow them.
  @Test func appendedLinesArePassedOver() async throws {
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    let before = try contents(path)
    let carol = [UInt8](UserLine.text(try user("carol")).utf8)
    let dave = try user("dave")
    try put(before + carol, at: path)  // not finished yet
    #expect(await file.register(dave) == .failed)
    #expect(try contents(path) == before + carol)
    try put(before + carol + [UInt8(ascii: "\n")], at: path)
    #expect(await file.register(dave) == .done)
    #expect(try file.record(of: dave.name) == dave)
    #expect(try file.record(of: try name("carol")) == nil)
    #expect(reports.kinds == [.changedByOthers])
    file.close()
    let reopened = try openUsers(path, reports: reports)
    #expect(try reopened.record(of: try name("carol")) != nil)
    #expect(try reopened.record(of: dave.name) == dave)
    #expect(reopened.count == 4)
    #expect(reports.kinds.count == 1)
  }

  @Test func lostUserIsNoUnknownUser() async throws {
    let now = Timestamp(milliseconds: 2000)
    let directory = try FileDirectory(
      path: path, realm: realm, at: now, sealingWith: { _, _, _ in [] }, report: { _ in })
    #expect(unsafe truncate(path, 0) == 0)
    let result = await withCheckedContinuation { continuation in
      directory.lookUp(RecordQuery(users: [alice.name]), at: now) {
        continuation.resume(returning: $0)
      }
    }
    let failure = #expect(throws: DirectoryUnavailable.self) { _ = try result.get() }
    #expect(failure?.description.contains("the line of alice is not where it was") == true)
  }

  /// What is written can be read again at the next start.
  @Test func fileGrowsNoLongerThanItsLimit() async throws {
    let reports = Reports()
    let length = try contents(path).count
    let appender = try LineAppender(
      path: path, isDurable: true, byteLimit: length + 4, report: reports.add)
    #expect(await appender.append("abc") == UInt64(length))
    #expect(await appender.append("") == nil)
    #expect(reports.kinds == [.file(FileFailure(path: path, operation: .write, errno: EFBIG))])
    #expect(try contents(path).count == length + 4)
  }
}

extension LineAppender {
  fileprivate func append(_ line: String) async -> UInt64? {
    await withCheckedContinuation { continuation in
      append(line) { continuation.resume(returning: $0) }
    }
  }
}
