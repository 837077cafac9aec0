import Directory
import KeyDistribution
import Testing
import Wire

@Suite("Invitations on disk")
struct InvitationTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)
  private let realm = [UInt8](repeating: 7, count: 32)

  private func open(_ folder: TemporaryFolder, at now: Timestamp) throws -> InvitationFile {
    try InvitationFile(
      path: folder.file("invitations"), realm: realm, at: now, report: { _ in })
  }

  private func record(
    _ byte: UInt8, _ name: String? = nil, life: Interval = .hours(1)
  ) -> InvitationRecord {
    InvitationRecord(
      hash: [UInt8](repeating: byte, count: 32), name: name.flatMap { PrincipalName($0) },
      expires: now + life)
  }

  @Test("What holds is there after a start; what has expired is not")
  func restart() throws {
    let folder = try TemporaryFolder()
    let file = try open(folder, at: now)
    file.add(record(1), at: now) { _ in }
    file.add(record(2, "bob", life: .minutes(1)), at: now) { _ in }
    file.close()
    #expect(try open(folder, at: now).open(at: now).map(\.hash.first) == [2, 1])
    #expect(try open(folder, at: now + .minutes(1)).open(at: now).map(\.hash.first) == [1])
    #expect(try permissions(folder.file("invitations")) == 0o600)
  }

  @Test("There are so many at a time, and no more")
  func limit() async throws {
    let folder = try TemporaryFolder()
    let file = try open(folder, at: now)
    for number in 1..<UInt32(InvitationFile.limit) {
      let hash = (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * ($0 % 4))) }
      file.add(
        InvitationRecord(hash: hash, name: nil, expires: now + .minutes(1)), at: now
      ) { _ in }
    }
    func add(_ byte: UInt8, at moment: Timestamp) async -> ChangeOutcome {
      await withCheckedContinuation { continuation in
        file.add(record(byte), at: moment) { continuation.resume(returning: $0) }
      }
    }
    #expect(await add(250, at: now) == .done)
    #expect(await add(251, at: now) == .conflict)
    // Those that have expired take no room.
    #expect(await add(251, at: now + .minutes(1)) == .done)
    file.close()
  }

  @Test("A damaged line costs no other, and another realm's file is refused")
  func damage() throws {
    let folder = try TemporaryFolder()
    let file = try open(folder, at: now)
    file.add(record(1), at: now) { _ in }
    file.close()
    let path = folder.file("invitations")
    try put(lines(path) + ["invitation=nonsense", "spent="], at: path)
    #expect(try open(folder, at: now).open(at: now).count == 1)
    #expect(throws: DirectoryFailure.self) {
      try InvitationFile(
        path: path, realm: [UInt8](repeating: 8, count: 32), at: now, report: { _ in })
    }
  }
}
