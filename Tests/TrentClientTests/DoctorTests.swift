import Cryptography
import DurableFiles
import Glibc
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// What `client doctor` makes of what it finds, check by check.
@Suite struct DoctorTests {
  private let folder = TemporaryFolder()

  private func prepare() throws {
    try createPrivateFolders(folder.path + "/state/identities/" + realm(1).hexadecimalID)
  }

  /// Follows the advice: what can be copied into a shell out of it.
  private func obey(_ finding: Finding) throws {
    let advice = try #require(finding.advice)
    let command = try #require(
      ["chmod ", "rm ", "sed "].compactMap { word in
        advice.ranges(of: word).first.map { String(advice[$0.lowerBound...]) }
      }.first)
    #expect(unsafe system(command) == 0)
  }

  // MARK: Clock

  @Test(
    "A clock that is off is told with direction; beyond 2 minutes and a day it matters",
    arguments: [
      (0, "ok", "0.0 s ahead of"), (-119_900, "ok", "119 s behind"),
      (120_000, "ok", "120 s ahead of"),
      (120_001, "warning", "120 s ahead of"), (-86_400_000, "warning", "86400 s behind"),
      (-86_400_001, "problem", "86400 s behind"), (2_500, "ok", "2.5 s ahead of"),
    ])
  func clock(offset: Int, state: String, text: String) {
    let kdc = Timestamp(milliseconds: 1_767_225_600_000)
    let shift = Interval.milliseconds(UInt64(offset.magnitude))
    let finding = ClockCheck.finding(own: offset < 0 ? kdc - shift : kdc + shift, kdc: kdc)
    #expect(finding.state.rawValue == state)
    #expect(finding.text.contains(text))
    #expect((finding.advice == nil) == (state == "ok"))
  }

  // MARK: Port

  private func reach(_ host: [UInt8], _ isReached: Bool) throws -> Reach {
    Reach(observed: try #require(NetworkAddress(ip: host, port: 9)), isReached: isReached)
  }

  @Test("Behind NAT, behind a firewall, on the KDC's own machine: told apart")
  func port() throws {
    var around = ReachCheck.Surroundings(port: 60_000, own: [[192, 0, 2, 7]])
    let here = ReachCheck.finding(try reach([192, 0, 2, 7], true), around)
    #expect(
      here.state == .ok && !here.text.contains("NAT") && !here.text.contains("on this machine"))
    let forwarded = ReachCheck.finding(try reach([203, 0, 113, 1], true), around)
    #expect(forwarded.state == .ok && forwarded.text.contains("NAT"))

    let walled = ReachCheck.finding(try reach([192, 0, 2, 7], false), around)
    #expect(walled.state == .warning && walled.advice?.contains("firewall") == true)
    let behind = ReachCheck.finding(try reach([203, 0, 113, 1], false), around)
    #expect(behind.state == .warning && behind.text.contains("NAT"))
    #expect(behind.advice?.contains("--announce") == true)
    // Who means to receive has a problem.
    around.isMeant = true
    #expect(ReachCheck.finding(try reach([192, 0, 2, 7], false), around).state == .problem)
    around.isMeant = false
    around.isTaken = true
    #expect(ReachCheck.finding(try reach([192, 0, 2, 7], false), around).state == .problem)

    // A receiver is told the same when it announces itself.
    let places: [([UInt8], String)] = [
      ([192, 0, 2, 7], "firewall"), ([203, 0, 113, 1], "--announce HOST:PORT"),
    ]
    for (ip, word) in places {
      let lines = ReachNotice.lines(try reach(ip, false), around)
      #expect(lines.count == 2 && lines[0].contains("port 60000"))
      #expect(lines[1].contains(word))
    }

    around.hasKDC = true
    let near = ReachCheck.finding(try reach([127, 0, 0, 1], true), around)
    #expect(near.state == .ok && near.text.contains("the KDC is on this machine"))
  }

  // MARK: Files

  @Test("Files: what others may read or change, and links; the advice makes it green")
  func files() throws {
    try prepare()
    let state = folder.state
    _ = folder.write("", to: "state/known_kdcs", mode: 0o644)
    _ = folder.write("", to: "state/known_peers", mode: 0o660)
    _ = folder.write("", to: "state/identities/\(realm(1).hexadecimalID)/o'neill $x", mode: 0o640)
    unsafe chmod(state.path, 0o755)
    unsafe chmod(state.path("identities"), 0o750)
    unsafe symlink("/etc/passwd", state.path("clocks"))
    let findings = FileCheck(state).run()
    func of(_ name: String) -> Finding? { findings.first { $0.text.contains(name + ",") } }
    #expect(findings.count == 6)
    #expect(of("/state")?.state == .warning)
    #expect(of("/known_kdcs")?.state == .warning)
    #expect(of("/known_peers")?.state == .problem)
    #expect(of("/known_peers")?.text.hasPrefix("others may change") == true)
    #expect(of("/identities")?.state == .problem)
    #expect(of("o'neill $x")?.state == .problem)
    #expect(findings.contains { $0.text.hasSuffix("/clocks is a symbolic link") })
    for finding in findings { try obey(finding) }
    let after = FileCheck(state).run()
    #expect(after.map(\.state) == [.ok])
    #expect(permissions(state.path) == 0o700)
    #expect(permissions(state.path("known_peers")) == 0o600)
  }

  @Test("Files: no folder yet is well; a file in its place is not")
  func noFolder() {
    #expect(FileCheck(folder.state).run().map(\.state) == [.ok])
    _ = folder.write("", to: "state")
    #expect(FileCheck(folder.state).run().map(\.state) == [.problem])
  }

  @Test("Files: names that would steer a terminal are shown by number")
  func hostileNames() throws {
    try prepare()
    _ = folder.write("", to: "state/\u{1B}[2J", mode: 0o666)
    let finding = try #require(FileCheck(folder.state).run().first)
    #expect(finding.state == .problem)
    #expect(!finding.description.contains("\u{1B}"))
  }

  @Test("Files: a passphrase file that others may read, or that is not there")
  func secretFile() throws {
    let file = folder.write("secret", to: "passphrase", mode: 0o640)
    let loose = FileCheck.secretFile(file)
    #expect(loose.state == .problem)
    #expect(loose.advice?.hasPrefix("chmod 600 \(file), ") == true)
    unsafe chmod(file, 0o600)
    #expect(FileCheck.secretFile(file).state == .ok)
    #expect(FileCheck.secretFile(file + "x").state == .problem)
    #expect(FileCheck.secretFile("/dev/null").state == .warning)
  }

  @Test("A command that finds its folder open to change by others says so; doctor says it itself")
  func stateFolderWarns() throws {
    try prepare()
    #expect(folder.state.warnings.isEmpty)
    unsafe chmod(folder.state.path, 0o755)
    #expect(folder.state.warnings.isEmpty)
    unsafe chmod(folder.state.path, 0o775)
    unsafe chmod(folder.state.path("identities"), 0o702)
    let warnings = folder.state.warnings
    #expect(warnings.count == 2)
    #expect(warnings.first?.hasSuffix(": chmod 700 \(folder.state.path)") == true)
  }

  // MARK: Pins and identities

  @Test("Pins: damaged lines by number, and peers that nobody has verified")
  func pins() throws {
    try prepare()
    let person = ScriptedPerson()
    let peers = KnownPeers(in: folder.state, person: person)
    for (name, key) in [("bob", UInt8(5)), ("carol", 6)] {
      let peer = TrustedPeer(
        name: try #require(PrincipalName(name)), identity: realm(key).identity, isPinned: false,
        loginKey: try #require(AgreementPublicKey([UInt8](repeating: 9, count: 32))))
      try peers.pin(peer, in: realm(1), telling: person)
    }
    try peers.markVerified(try #require(try peers.all().first))
    _ = folder.write(
      "# a remark\nnonsense\n" + contents(peers.path) + "\u{1B}[2J\n", to: "state/known_peers")
    _ = folder.write("x\n", to: "state/known_kdcs")
    _ = folder.write("y\n", to: "state/clocks")
    let findings = PinCheck(folder.state).run()
    #expect(findings.map(\.state) == [.warning, .problem, .problem, .warning])
    #expect(findings[0].text == "2 pinned, 1 of them not verified")
    #expect(findings[0].advice?.hasSuffix("client peers verify carol") == true)
    #expect(findings[1].text.hasPrefix("lines 2, 5 of "))
    #expect(findings[2].text.hasPrefix("line 1 of "))
    for finding in findings.dropFirst() { try obey(finding) }
    #expect(PinCheck(folder.state).run().count == 1)
    #expect(try peers.all().count == 2)
  }

  @Test("Identity keys: damaged, left over, replaced, and another name's")
  func identities() throws {
    try prepare()
    let place = "state/identities/\(realm(1).hexadecimalID)/"
    let name = try #require(PrincipalName("alice"))
    var random = SystemRandom()
    let sealed = SealedIdentity(
      seed: random.secret(32), secret: try AccountSecret(new: secret("a passphrase")),
      name: name, realm: realm(1), random: &random)
    let check = IdentityCheck(folder.state)
    #expect(check.run(nil).map(\.state) == [.ok])
    _ = folder.write("cut off", to: place + "bob")
    #expect(check.run(nil).map(\.state) == [.problem])
    #expect(check.run(name).map(\.state) == [.ok])
    unsafe unlink(folder.path + "/" + place + "bob")
    for mark in ["", "~new", "~old", "~lock"] {
      var file = try AtomicFile(replacing: folder.path + "/" + place + "alice" + mark, mode: 0o600)
      try file.write(sealed.file.bytes)
      try file.commit()
    }
    let findings = check.run(nil)
    #expect(findings.map(\.state) == [.ok, .warning, .warning])
    #expect(findings[0].text.hasPrefix("alice at "))
    #expect(findings[1].text.contains("answer never came"))
    #expect(findings[2].text.contains("kept aside"))
  }
}
