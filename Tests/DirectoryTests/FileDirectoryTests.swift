import DurableFiles
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

@Suite struct FileDirectoryTests {
  let folder: TemporaryFolder
  let path: String
  let now = Timestamp(milliseconds: 2000)

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt")
  }

  private func open() throws -> FileDirectory {
    try FileDirectory(
      path: path, realm: realm, at: now, sealingWith: { _, _, _ in [] }, report: { _ in })
  }

  private func apply(
    _ change: DirectoryChange, to directory: any Directory
  ) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      directory.apply(change, at: now) { continuation.resume(returning: $0) }
    }
  }

  private func lookUp(_ query: RecordQuery, in directory: any Directory) async throws -> Records {
    try await withCheckedContinuation { continuation in
      directory.lookUp(query, at: now) { continuation.resume(returning: $0) }
    }.get()
  }

  @Test func everyChangeReachesItsStore() async throws {
    let directory = try open()
    let alice = try user("alice")
    let bob = try presence("bob")
    #expect(await apply(.register(alice), to: directory) == .done)
    #expect(await apply(.announce(bob), to: directory) == .done)
    let query = RecordQuery(
      users: [alice.name, try name("nobody")], presences: [bob.name, alice.name])
    var records = try await lookUp(query, in: directory)
    #expect(records == Records(users: [alice.name: alice], presences: [bob.name: bob]))

    let changed = try user("alice", keyVersion: 2)
    #expect(await apply(.update(changed, replacing: 1), to: directory) == .done)
    #expect(await apply(.withdraw(bob.name, loginTime: bob.loginTime), to: directory) == .done)
    records = try await lookUp(query, in: directory)
    #expect(records == Records(users: [alice.name: changed]))

    let carol = try deposits("carol")
    let post = try presence("post", service: .mailbox)
    #expect(await apply(.takeDeposits(carol), to: directory) == .done)
    #expect(await apply(.announce(post), to: directory) == .done)
    let others = RecordQuery(
      deposits: carol.name, services: ServiceQuery(.mailbox, after: nil))
    records = try await lookUp(others, in: directory)
    #expect(records == Records(deposits: carol, services: [post.name]))
  }

  @Test func bothFilesSurviveReopening() async throws {
    let directory = try open()
    let alice = try user("alice")
    let bob = try presence("bob")
    #expect(await apply(.register(alice), to: directory) == .done)
    #expect(await apply(.announce(bob), to: directory) == .done)
    #expect(await apply(.takeDeposits(try deposits("bob")), to: directory) == .done)
    #expect(throws: DirectoryFailure.inUse(path: path)) { _ = try open() }
    directory.close()
    let records = try await lookUp(
      RecordQuery(users: [alice.name], presences: [bob.name], deposits: bob.name),
      in: try open())
    let kept = Records(
      users: [alice.name: alice], presences: [bob.name: bob], deposits: try deposits("bob"))
    #expect(records == kept)
    #expect(try permissions(path + ".presence") == 0o600)
  }
}
