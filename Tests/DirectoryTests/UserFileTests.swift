import Glibc
import KeyDistribution
import SecretMemory
import Synchronization
import Testing
import Wire

@testable import Directory

@Suite struct UserFileTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt")
  }

  private func plainLine(_ name: String, digest: UInt8) -> String {
    """
    name=\(name) ip=192.0.2.9 port=60001 kvno=1 argon2id=t1,m8,p1 salt=AQEBAQEBAQEBAQEBAQEBAQ== \
    digest=plain:\(Base64.encode([UInt8](repeating: digest, count: 32))) state=active
    """
  }

  @Test func newFileSaysWhoseItIs() throws {
    let file = try openUsers(path)
    #expect(try lines(path) == [usersHeader])
    #expect(try permissions(path) == 0o600)
    #expect(file.count == 0)
  }

  @Test func usersAreThereAfterReopening() async throws {
    let file = try openUsers(path)
    let alice = try user("alice", keyVersion: 17, hasIdentity: true)
    let bob = try user("bob")
    #expect(await file.register(alice) == .done)
    #expect(await file.register(bob) == .done)
    #expect(try file.record(of: alice.name) == alice)
    file.close()
    let reports = Reports()
    let reopened = try openUsers(path, reports: reports)
    #expect(try reopened.record(of: alice.name) == alice)
    #expect(try reopened.record(of: bob.name) == bob)
    #expect(reopened.count == 2)
    #expect(reports.all.isEmpty)
    #expect(try lines(path) == [usersHeader, UserLine.text(alice), UserLine.text(bob)])
  }

  /// HOSTILE B 7.
  @Test func takenNameIsAConflictAndChangesNothing() async throws {
    let file = try openUsers(path)
    let alice = try user("alice")
    #expect(await file.register(alice) == .done)
    let before = try contents(path)
    #expect(await file.register(try user("alice", keyVersion: 9)) == .conflict)
    #expect(try file.record(of: alice.name) == alice)
    #expect(try contents(path) == before)
  }

  @Test func disabledNameIsNotFree() async throws {
    let file = try openUsers(path)
    #expect(await file.register(try user("alice", state: .disabled)) == .done)
    #expect(await file.register(try user("alice", keyVersion: 2)) == .conflict)
  }

  /// HOSTILE B 11: a removed user's key version numbers are never used again.
  @Test func removedNameIsFreeForAHigherKeyVersion() async throws {
    let file = try openUsers(path)
    #expect(await file.register(try user("alice", keyVersion: 5)) == .done)
    let removed = try user("alice", keyVersion: 5, state: .removed)
    #expect(await file.update(removed, replacing: 5) == .done)
    #expect(await file.register(try user("alice", keyVersion: 5)) == .conflict)
    #expect(await file.register(try user("alice", keyVersion: 6)) == .done)
    #expect(try file.record(of: removed.name)?.keyVersion == 6)
  }

  @Test func updateNamesTheVersionItReplaces() async throws {
    let file = try openUsers(path)
    #expect(await file.update(try user("alice", keyVersion: 2), replacing: 1) == .conflict)
    #expect(await file.register(try user("alice")) == .done)
    #expect(await file.update(try user("alice", keyVersion: 3), replacing: 2) == .conflict)
    #expect(await file.update(try user("alice", keyVersion: 0), replacing: 1) == .conflict)
    #expect(await file.update(try user("alice", keyVersion: 2), replacing: 1) == .done)
    #expect(await file.update(try user("alice", keyVersion: 2), replacing: 1) == .conflict)
    file.close()
    #expect(try openUsers(path).record(of: try name("alice"))?.keyVersion == 2)
  }

  /// Some of the 64 threads want the same name: exactly one of those gets it.
  @Test func ofConcurrentRegistrationsOneWins() async throws {
    let file = try openUsers(path)
    let wins = Mutex<[PrincipalName: [UInt32]]>([:])
    try await onThreads(64) { number in
      for round in 0..<8 {
        for text in ["same\(round)", "own\(number)-\(round)"] {
          let record = try user(text, keyVersion: UInt32(number))
          if try registerAndWait(record, in: file) == .done {
            wins.withLock { $0[record.name, default: []].append(record.keyVersion) }
          }
        }
      }
    }
    file.close()
    let reopened = try openUsers(path)
    let winners = wins.withLock { $0 }
    #expect(winners.count == 64 * 8 + 8)
    for (name, versions) in winners {
      #expect(versions.count == 1)
      #expect(try reopened.record(of: name)?.keyVersion == versions.first)
    }
    #expect(reopened.count == winners.count)
    #expect(try lines(path).count == winners.count + 1)
  }

  /// HOSTILE D 17: two KDCs on one file.
  @Test func secondOpeningIsRefused() throws {
    let file = try openUsers(path)
    #expect(throws: DirectoryFailure.inUse(path: path)) { _ = try openUsers(path) }
    let other = folder.file("other-name.txt")
    unsafe symlink(path, other)
    #expect(throws: DirectoryFailure.inUse(path: path)) { _ = try openUsers(other) }
    file.close()
    #expect(throws: Never.self) { _ = try openUsers(other) }
  }

  @Test func otherRealmsFileIsRefusedUnchanged() throws {
    try openUsers(path).close()
    let before = try contents(path)
    let failure = #expect(throws: DirectoryFailure.otherRealm(path: path)) {
      _ = try openUsers(path, realm: [UInt8](repeating: 1, count: 32))
    }
    #expect(failure?.description.contains("belongs to another kdc.key") == true)
    #expect(try contents(path) == before)
  }

  @Test func otherFormatIsRefused() throws {
    try put(["# trent users v2 realm=x"], at: path)
    #expect(throws: DirectoryFailure.unknownFormat(path: path)) { _ = try openUsers(path) }
  }

  @Test func folderInThePlaceOfTheFileIsRefused() throws {
    unsafe mkdir(path, 0o700)
    #expect(throws: DirectoryFailure.self) { _ = try openUsers(path) }
  }

  @Test func changesAfterClosingFail() async throws {
    let file = try openUsers(path)
    file.close()
    #expect(await file.register(try user("alice")) == .failed)
    #expect(try file.record(of: try name("alice")) == nil)
  }

  /// HOSTILE D 17.
  @Test func wideModeIsNarrowedAndReported() throws {
    try put([usersHeader, UserLine.text(try user("alice"))], at: path, mode: 0o644)
    let reports = Reports()
    _ = try openUsers(path, reports: reports)
    #expect(
      reports.all == [
        FileProblem(path: path, kind: .openToOthers(permissions: 0o644, isClosed: true))
      ])
    #expect(try permissions(path) == 0o600)
  }

  @Test func plainDigestsAreSealedInTheFile() throws {
    let original = [
      usersHeader, "# made by hand", plainLine("alice", digest: 1), "",
      plainLine("bob", digest: 2), "broken", plainLine("alice", digest: 3),
    ]
    try put(original, at: path)
    let file = try openUsers(path)
    #expect(file.sealedCount == 3)
    let alice = try #require(try file.record(of: try name("alice")))
    let bob = try #require(try file.record(of: try name("bob")))
    #expect(
      alice.sealedDigest == [UInt8](repeating: 1, count: 28) + [UInt8](repeating: 3, count: 32))
    #expect(
      try lines(path) == [
        usersHeader, "# made by hand", "", UserLine.text(bob), "broken", UserLine.text(alice),
      ])
    #expect(!(try lines(path).contains { $0.contains("plain:") }))
    file.close()
    #expect(try openUsers(path).sealedCount == 0)
  }

  /// A hand-made file without header and without a newline at its end.
  @Test func sampleFileIsTakenOver() throws {
    try put([UInt8](plainLine("alice", digest: 1).utf8), at: path)
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    #expect(reports.kinds == [.missingHeader])
    let alice = try #require(try file.record(of: try name("alice")))
    #expect(try lines(path) == [usersHeader, UserLine.text(alice)])
  }

  @Test func staleLinesAreDroppedWhenTheyAreMoreThanHalf() throws {
    let first = try user("alice")
    let second = try user("alice", keyVersion: 2)
    let bob = try user("bob")
    let few = [usersHeader, "# note", UserLine.text(first), UserLine.text(bob)].map { $0 }
    try put(few + [UserLine.text(second)], at: path)
    try openUsers(path).close()
    #expect(try lines(path) == few + [UserLine.text(second)])

    let many = [first, first, second].map(UserLine.text)
    try put([usersHeader, "# note"] + many + ["damaged", UserLine.text(bob)], at: path)
    try openUsers(path).close()
    #expect(try lines(path).count == 7)

    try put([usersHeader, "# note"] + many + many + ["damaged", UserLine.text(bob)], at: path)
    let file = try openUsers(path)
    #expect(
      try lines(path) == [
        usersHeader, "# note", UserLine.text(second), "damaged", UserLine.text(bob),
      ])
    #expect(try file.record(of: first.name) == second)
  }
}
