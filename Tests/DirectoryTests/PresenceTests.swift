import DurableFiles
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

private func at(_ milliseconds: UInt64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

@Suite struct PresenceTests {
  let folder: TemporaryFolder
  let path: String
  let reports = Reports()

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt.presence")
  }

  private func open(at now: UInt64 = 2000, limit: Int = 100) -> PresenceTable {
    PresenceTable(path: path, realm: realm, at: at(now), limit: limit, report: reports.add)
  }

  @Test func recordIsForgottenAfterItsLifetime() throws {
    let table = open()
    let bob = try presence("bob")
    #expect(table.announce(bob, at: at(2000)) == .done)
    #expect(table.record(of: bob.name, at: at(181_999)) == bob)
    #expect(table.record(of: bob.name, at: at(182_000)) == nil)
    #expect(table.announce(bob, at: at(170_000)) == .done)
    #expect(table.record(of: bob.name, at: at(182_000)) == bob)
  }

  @Test func recordEndsWithItsLogin() throws {
    let table = open()
    let bob = try presence("bob", end: 3000)
    #expect(table.announce(bob, at: at(2000)) == .done)
    #expect(table.record(of: bob.name, at: at(2999)) == bob)
    #expect(table.record(of: bob.name, at: at(3000)) == nil)
  }

  @Test func laterLoginWins() throws {
    let table = open()
    let early = try presence("bob", login: 1000)
    let late = try presence("bob", login: 1500, port: 60001)
    #expect(table.announce(early, at: at(2000)) == .done)
    #expect(table.announce(late, at: at(2001)) == .done)
    #expect(table.announce(early, at: at(2002)) == .conflict)
    #expect(table.record(of: late.name, at: at(2003)) == late)
    // Once the later one is gone, the earlier one is as good as none.
    #expect(table.announce(early, at: at(182_001)) == .done)
    #expect(table.record(of: early.name, at: at(182_001)) == early)
  }

  @Test func withdrawalCountsWhenTheClockIsSetBack() throws {
    let bob = try presence("bob", login: 1500)
    let table = open()
    #expect(table.announce(bob, at: at(2000)) == .done)
    // By a clock that is ahead it is over already.
    #expect(table.withdraw(bob.name, loginTime: at(1500), at: at(400_000)) == .done)
    #expect(table.record(of: bob.name, at: at(2001)) == nil)
  }

  @Test func withdrawalEndsThatLoginAndEarlierOnes() throws {
    let table = open()
    let bob = try presence("bob", login: 1500)
    #expect(table.withdraw(bob.name, loginTime: at(1500), at: at(2000)) == .done)
    #expect(table.announce(bob, at: at(2000)) == .done)
    #expect(table.withdraw(bob.name, loginTime: at(1499), at: at(2001)) == .conflict)
    #expect(table.record(of: bob.name, at: at(2001)) == bob)
    #expect(table.withdraw(bob.name, loginTime: at(1500), at: at(2002)) == .done)
    #expect(table.record(of: bob.name, at: at(2002)) == nil)
    table.close()
    #expect(open(at: 2003).record(of: bob.name, at: at(2003)) == nil)
  }

  @Test func presenceSurvivesARestartOfTheKDC() throws {
    let table = open()
    let bob = try presence("bob", port: 60007)
    #expect(table.announce(try presence("bob"), at: at(2000)) == .done)
    #expect(table.announce(bob, at: at(2001)) == .done)
    #expect(table.announce(try presence("carol", end: 5000), at: at(2000)) == .done)
    table.close()
    // Hours later: what is still within its login gets the time of one announcement.
    let reopened = open(at: 900_000)
    #expect(reopened.record(of: bob.name, at: at(900_000)) == bob)
    #expect(reopened.record(of: bob.name, at: at(1_000_000)) == nil)
    #expect(reopened.record(of: try name("carol"), at: at(900_000)) == nil)
    reopened.close()
    #expect(try lines(path) == [presenceHeader, PresenceLine.announced(bob).text])
    #expect(try permissions(path) == 0o600)
    #expect(reports.all.isEmpty)
  }

  @Test func refreshmentIsNotWritten() throws {
    let table = open()
    let bob = try presence("bob")
    for moment in 0..<10 { #expect(table.announce(bob, at: at(2000 + UInt64(moment))) == .done) }
    table.close()
    #expect(try lines(path).count == 2)
  }

  @Test func fileStaysInProportionWhileTheKDCRuns() throws {
    let table = open()
    var last = try presence("bob")
    for number in 0..<10_000 {
      last = try presence("bob", port: UInt16(number))
      #expect(table.announce(last, at: at(2000)) == .done)
    }
    table.close()
    #expect(try lines(path).count < 5000)
    #expect(open().record(of: last.name, at: at(2000)) == last)
    #expect(reports.all.isEmpty)
  }

  @Test func damageCostsOnlyTheDamagedLines() throws {
    let bob = try presence("bob")
    let carol = try presence("carol")
    let damaged = PresenceLine.announced(try presence("dave")).text.replacing(
      "kvno=3", with: "kvno=4")
    let text =
      [presenceHeader, damaged, PresenceLine.announced(bob).text, "\u{0}"]
      + [PresenceLine.announced(carol).text, "name=ev"]
    try put([UInt8](text.joined(separator: "\n").utf8), at: path)
    let table = open()
    #expect(table.record(of: bob.name, at: at(2000)) == bob)
    #expect(table.record(of: carol.name, at: at(2000)) == carol)
    #expect(table.record(of: try name("dave"), at: at(2000)) == nil)
    #expect(reports.all.map(\.line) == [2, 4, 6])
    #expect(reports.kinds.last == .tornLine(.checksum))
    table.close()
    #expect(try lines(path).count == 3)
  }

  @Test func otherRealmsFileIsStartedAnew() throws {
    let bob = PresenceLine.announced(try presence("bob"))
    try put(
      ["# trent presence v1 realm=" + String(repeating: "cd", count: 32), bob.text], at: path)
    let table = open()
    #expect(table.record(of: try name("bob"), at: at(2000)) == nil)
    #expect(reports.kinds == [.startedAnew(.otherRealm(path: path))])
    #expect(try lines(path) == [presenceHeader])
  }

  @Test func unwritableFileStopsNothing() throws {
    let table = PresenceTable(
      path: folder.file("no/such/folder"), realm: realm, at: at(2000), report: reports.add)
    let bob = try presence("bob")
    #expect(table.announce(bob, at: at(2000)) == .done)
    #expect(table.record(of: bob.name, at: at(2000)) == bob)
    #expect(reports.all.count == 1)
  }

  /// HOSTILE G 24.
  @Test func tableIsBoundedAndMakesRoom() throws {
    let table = open(limit: 3)
    for text in ["a", "b", "c"] {
      #expect(table.announce(try presence(text), at: at(2000)) == .done)
    }
    #expect(table.announce(try presence("d"), at: at(2001)) == .failed)
    #expect(table.announce(try presence("e"), at: at(2002)) == .failed)
    #expect(reports.kinds == [.full(limit: 3)])
    #expect(table.announce(try presence("a"), at: at(2003)) == .done)
    #expect(table.withdraw(try name("b"), loginTime: at(1000), at: at(2004)) == .done)
    #expect(table.announce(try presence("d"), at: at(2005)) == .done)
    #expect(table.record(of: try name("a"), at: at(2005)) != nil)
    #expect(table.record(of: try name("b"), at: at(2005)) == nil)
  }

  @Test func deadRecordsLeaveTheMemory() throws {
    var register = PresenceRegister(lifetime: .seconds(180), limit: 1000)
    for number in 0..<1000 {
      #expect(register.announce(try presence("old\(number)"), at: at(2000)) == .changed)
    }
    for number in 0..<600 {
      #expect(register.announce(try presence("new\(number)"), at: at(200_000)) == .changed)
    }
    for number in 0..<600 {
      #expect(register.announce(try presence("new\(number)"), at: at(200_001)) == .unchanged)
    }
    #expect(register.count == 600)
    #expect(register.living(at: at(200_000)).count == 600)
  }

  @Test func servicesAreToldInTheirOrderWhileTheyArePresent() throws {
    var table = open()
    for text in ["post", "archive", "zoo"] {
      #expect(table.announce(try presence(text, service: .mailbox), at: at(2000)) == .done)
    }
    #expect(table.announce(try presence("receiver"), at: at(2000)) == .done)
    // The file says which of them serve.
    table.close()
    table = open()
    func names(after: String? = nil, at now: UInt64 = 2000) throws -> [String] {
      let query = ServiceQuery(.mailbox, after: try after.map(name))
      return table.names(query, at: at(now)).map(\.description)
    }
    #expect(try names() == ["archive", "post", "zoo"])
    #expect(try names(after: "archive") == ["post", "zoo"])
    #expect(try names(after: "b") == ["post", "zoo"])
    #expect(try names(after: "zoo") == [])
    // One leaves, one serves no longer, one comes back, and one is not heard of any more.
    #expect(table.withdraw(try name("post"), loginTime: at(1000), at: at(2000)) == .done)
    #expect(table.announce(try presence("zoo"), at: at(2000)) == .done)
    #expect(try names() == ["archive"])
    #expect(
      table.announce(try presence("post", service: .mailbox), at: at(100_000)) == .done)
    #expect(try names(at: 100_000) == ["archive", "post"])
    #expect(try names(at: 182_000) == ["post"])
  }

  @Test func moreServicesThanAnAnswerHoldsAreToldInParts() throws {
    let table = open()
    let all = (10..<40).map { "post\($0)" }
    for text in all.reversed() {
      #expect(table.announce(try presence(text, service: .mailbox), at: at(2000)) == .done)
    }
    var told: [PrincipalName] = []
    while true {
      let part = table.names(ServiceQuery(.mailbox, after: told.last), at: at(2000))
      #expect(part.count <= ServiceQuery.limit)
      if part.isEmpty { break }
      told += part
    }
    #expect(told.map(\.description) == all)
  }

  @Test func serviceOfALineIsOneThatThereIs() throws {
    let text = PresenceLine.announced(try presence("post", service: .mailbox)).text
    for other in ["service=", "service=relay", "service=mailbox service=mailbox"] {
      let fields = text.replacing("service=mailbox", with: other)
      let line = ChecksummedLine.text(String(fields.dropLast(" sum=".utf8.count + 16)))
      #expect(throws: LineFault.self) { try PresenceLine([UInt8](line.utf8).bytes) }
    }
  }
}
