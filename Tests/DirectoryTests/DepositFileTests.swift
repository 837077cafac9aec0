import KeyDistribution
import SecretMemory
import Synchronization
import Testing
import Wire

@testable import Directory

@Suite("Logins that open deposits, on disk")
struct DepositFileTests {
  private let folder: TemporaryFolder
  private let path: String
  private let reports = Reports()

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt.deposits")
  }

  private func at(_ milliseconds: UInt64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  private func open(at now: UInt64 = 2000, realm: [UInt8] = realm) throws -> DepositFile {
    try DepositFile(path: path, realm: realm, at: at(now), report: reports.add)
  }

  private func enter(
    _ record: DepositRecord, in file: DepositFile, at now: UInt64 = 2000
  ) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      file.enter(record, at: at(now)) { continuation.resume(returning: $0) }
    }
  }

  @Test("What was acknowledged is there after a start, until its time is over")
  func restart() async throws {
    let file = try open()
    let bob = try deposits("bob", mailbox: "post")
    let carol = try deposits("carol", until: 3000)
    #expect(await enter(bob, in: file) == .done)
    #expect(await enter(carol, in: file) == .done)
    // The file is not closed, as when the KDC is killed.
    let again = try open()
    #expect(again.record(of: bob.name, at: at(2000)) == bob)
    #expect(again.record(of: carol.name, at: at(2000)) == carol)
    #expect(again.record(of: carol.name, at: at(3000)) == nil)
    #expect(try open(at: 3000).records(at: at(0)) == [bob])
    #expect(try permissions(path) == 0o600)
    #expect(reports.all.isEmpty)
  }

  @Test("Of two logins of a name the later counts, in whichever order they come")
  func later() async throws {
    let file = try open()
    let early = try deposits("bob", login: 1000)
    let late = try deposits("bob", login: 1001)
    #expect(await enter(late, in: file) == .done)
    #expect(await enter(early, in: file) == .conflict)
    #expect(await enter(late, in: file) == .done)
    #expect(file.record(of: late.name, at: at(2000)) == late)
    // An earlier one counts again once the time of the later is over.
    let short = try deposits("bob", login: 1002, until: 2500)
    #expect(await enter(short, in: file) == .done)
    #expect(await enter(late, in: file, at: 2500) == .done)
    file.close()
    #expect(await enter(late, in: file, at: 2500) == .failed)
    #expect(try open(at: 2500).record(of: late.name, at: at(2500)) == late)
  }

  @Test("A record is replaced only where it still is the one that was looked at")
  func replaced() async throws {
    let file = try open()
    let bob = try deposits("bob")
    var resealed = bob
    resealed.sealedTicketKey = [UInt8](repeating: 8, count: 60)
    #expect(await enter(bob, in: file) == .done)
    for outcome in [ChangeOutcome.done, .conflict] {
      let result = await withCheckedContinuation { continuation in
        file.replace(bob, with: resealed, at: at(2000)) { continuation.resume(returning: $0) }
      }
      #expect(result == outcome)
    }
    #expect(try open().record(of: bob.name, at: at(2000)) == resealed)
  }

  @Test("The file stays in proportion while the KDC runs")
  func tidied() async throws {
    let file = try open()
    for login in 0..<9000 {
      file.enter(try deposits("bob", login: UInt64(login)), at: at(2000)) { _ in }
    }
    file.close()
    #expect(try lines(path).count < 5000)
    #expect(try open().record(of: name("bob"), at: at(2000))?.loginTime == at(8999))
  }

  @Test("HOSTILE D 17: a damaged line costs no other; another realm's file is refused")
  func damage() async throws {
    let file = try open()
    let bob = try deposits("bob")
    #expect(await enter(bob, in: file) == .done)
    file.close()
    let bent = DepositLine(try deposits("carol")).text.replacing("kvno=3", with: "kvno=4")
    try put(lines(path) + [bent, "name=dave"], at: path)
    let again = try open()
    #expect(again.records(at: at(2000)) == [bob])
    #expect(reports.all.map(\.line) == [3, 4])
    again.close()
    #expect(throws: DirectoryFailure.otherRealm(path: path)) {
      try open(realm: [UInt8](repeating: 9, count: 32))
    }
    #expect(try open().records(at: at(2000)) == [bob])
  }

  @Test("A line has one spelling")
  func spelling() throws {
    for record in [try deposits("bob"), try deposits("bob", mailbox: "post")] {
      let text = DepositLine(record).text
      #expect(try DepositLine([UInt8](text.utf8).bytes).record == record)
      #expect(text.utf8.count <= ChecksummedLine.byteLimit)
    }
    let longest = String(repeating: "b", count: 64)
    let text = DepositLine(try deposits(longest, until: .max, mailbox: longest)).text
    #expect(text.utf8.count <= ChecksummedLine.byteLimit)
    let bent = [("mailbox=-", "mailbox=--"), ("mailbox=-", "mailbox=Post"), ("sealed:", "")]
    for (field, wrong) in bent {
      let fields = DepositLine(try deposits("bob")).text.replacing(field, with: wrong)
      let line = ChecksummedLine.text(String(fields.dropLast(" sum=".utf8.count + 16)))
      #expect(throws: LineFault.self) { try DepositLine([UInt8](line.utf8).bytes) }
    }
  }
}
