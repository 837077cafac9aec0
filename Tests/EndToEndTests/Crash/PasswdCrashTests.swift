import Foundation
import Testing

extension EndToEnd {
  /// `kill -9` during `client passwd`, at every system call on either side that leaves a trace.
  @Suite struct PasswdCrashTests {}
}

extension EndToEnd.PasswdCrashTests {
  /// What leaves a trace on the disk or on the wire.
  private static let calls = [
    "write", "fsync", "fdatasync", "linkat", "link", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "sendto", "sendmsg", "ftruncate", "openat",
  ]

  /// A system call of the client: the `number`-th of its kind.
  private struct Place: Hashable, CustomStringConvertible {
    let call: String
    let number: Int
    var description: String { "\(call) \(number)" }
  }

  private static var trace: String { calls.map { "?" + $0 }.joined(separator: ",") }

  /// The places from the making of the candidate on, from a run that nothing happens to.
  private static func places(in log: String) -> [Place] {
    var counts: [String: Int] = [:]
    var places: [Place] = []
    var hasBegun = false
    for line in log.split(separator: "\n") {
      guard let match = line.firstMatch(of: /^(?:\d+ +)?(\w+)\(/) else { continue }
      let call = String(match.1)
      counts[call, default: 0] += 1
      // The lock is taken just before; for the last time, since signing in takes it, too.
      if line.contains("/identities/"), line.contains("~lock") {
        hasBegun = true
        places = []
      }
      if hasBegun { places.append(Place(call: call, number: counts[call] ?? 0)) }
    }
    return places
  }

  @Test("Killed anywhere, one of the two passphrases works, and the next sign-in says which")
  func client() async throws {
    guard try await Strace.isUsable() else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let model = Swapping(try Changing(stage.user("model"), at: kdc, stage, new: "b"), stage)
      try await model.changing.register()
      let log = stage.folder.path("strace.log")
      let traced = try model.passwd(
        under: ["/usr/bin/strace", "-f", "-D", "-qq", "-o", log, "-e", "trace=\(Self.trace)"])
      #expect(try await traced.end() == 0)
      let places = Self.places(in: try String(contentsOfFile: log, encoding: .utf8))
      // The candidate, the request, the promotion, the kept login.
      #expect(places.count > 10)
      print("killed at \(places)")
      let receivers = try await RunningReceivers(at: kdc, stage)
      try await receivers.changePassphrases()
      let workers = 3
      let changed = try await withThrowingTaskGroup(of: Set<Bool>.self) { group in
        for worker in 0..<workers {
          let changing = try Changing(
            stage.user("user\(worker)"), at: kdc, stage, new: "new-\(worker)")
          group.addTask {
            try await Self.kill(
              places.indices.filter { $0 % workers == worker }.map { places[$0] },
              Swapping(changing, stage))
          }
        }
        return try await group.reduce(into: Set<Bool>()) { $0.formUnion($1) }
      }
      // Early kills leave the old one in force, late ones the new one.
      #expect(changed == [false, true])
      // All of that took about as long as it takes a receiver to hear of it.
      try await receivers.expectToBeTold()
    }
  }

  @Test("The KDC killed at any write: the client says what became of it, and that is true")
  func center() async throws {
    guard try await Strace.isUsable() else { return }
    try await Stage.with { stage in
      var kdc = try await stage.kdc()
      let folder = kdc.folder
      let alice = try stage.user("alice")
      var scene = Swapping(Changing(alice, at: kdc, stage, new: "another"), stage)
      try await scene.changing.register()
      let identity = try await scene.fingerprint()
      let faults =
        [Fault.kill(at: .append, number: 1, in: folder)]
        + (1...2).map { Fault.kill(at: .sync, number: $0, in: folder) }
        + (2...7).map { Fault.kill(at: .anyWrite, number: $0, in: folder) }
      var endings: Set<String> = []
      for fault in faults {
        try await kdc.stop()
        let dying = try TracedProgram.kdc(in: folder, fault)
        guard let service = try await dying.service() else {
          // It was killed as it started.
          kdc = try await stage.kdc()
          continue
        }
        scene.changing.port = service.port
        let client = try scene.passwd()
        async let successor = {
          _ = try await dying.end()
          return try await stage.kdc(port: service.port)
        }()
        let status = try await client.exit(within: .seconds(40))
        dying.kill()
        kdc = try await successor
        let isChanged = try await scene.settle("\(fault): \(client.report)")
        switch status {
        case 0: #expect(isChanged, "\(fault): \(client.report)")
        case 3 where client.errors.text.contains("NOT changed"): #expect(!isChanged)
        default: #expect(status == 3, "\(fault): \(client.report)")
        }
        endings.insert("\(status), \(isChanged ? "changed" : "not changed")")
        if isChanged { scene.swap() }
        #expect(try await scene.fingerprint() == identity, "\(fault)")
      }
      print("with the KDC killed, clients ended with \(endings.sorted())")
      #expect(endings.contains("0, changed"))
    }
  }

  /// - Returns: what came of it.
  private static func kill(_ places: [Place], _ scene: Swapping) async throws -> Set<Bool> {
    var scene = scene
    var seen: Set<Bool> = []
    try await scene.changing.register()
    let identity = try await scene.fingerprint()
    for place in places {
      let program = try scene.passwd(
        under: [
          "/usr/bin/strace", "-f", "-D", "-qq", "-o", "/dev/null", "-e", "trace=\(trace)", "-e",
          "inject=\(place.call):signal=SIGKILL:when=\(place.number)",
        ])
      let status = try await program.end()
      #expect(status == 137 || status == 0, "\(place): \(program.errors.text)")
      let isChanged = try await scene.settle("\(place)")
      seen.insert(isChanged)
      if isChanged { scene.swap() }
      #expect(try await scene.fingerprint() == identity, "\(place)")
    }
    return seen
  }
}

/// A user whose two passphrases change places with each change.
private struct Swapping: Sendable {
  var changing: Changing
  private let stage: Stage
  private var present: String
  private var other: String

  init(_ changing: Changing, _ stage: Stage) {
    self.changing = changing
    self.stage = stage
    present = changing.old
    other = changing.new
  }

  mutating func swap() { (present, other) = (other, present) }

  func passwd(under wrapper: [String]) throws -> TracedProgram {
    try TracedProgram(
      wrapper + ["/usr/bin/env", "TRENT_HOME=\(changing.user.home.path)", ProgramFile.client.path]
        + changing.arguments("passwd", present) + ["--new-passphrase-file", other])
  }

  func passwd() throws -> Program {
    try stage.start(
      .client, changing.arguments("passwd", present) + ["--new-passphrase-file", other],
      home: changing.user.home)
  }

  /// Signs in with both: exactly one works, and what a sign-in says is true.
  ///
  /// - Returns: whether it is the new one.
  func settle(_ place: String) async throws -> Bool {
    let hadCandidate = !changing.leftovers.isEmpty
    let new = try changing.login(with: other)
    let newStatus = try await new.exit()
    let old = try changing.login(with: present)
    let oldStatus = try await old.exit()
    #expect(Set([newStatus, oldStatus]) == [0, 5], "\(place): \(new.report) \(old.report)")
    if hadCandidate {
      let said = newStatus == 0 ? new.errors.text : old.errors.text
      let expected = newStatus == 0 ? "was changed: the new one is" : "was NOT changed: the old one"
      #expect(said.contains(expected), "\(place): \(new.report) \(old.report)")
    }
    return newStatus == 0
  }

  /// Of the identity key on this device.
  func fingerprint() async throws -> String {
    let program = try stage.start(
      .client, ["identity", "show", "-n", changing.user.name, "--passphrase-file", present],
      home: changing.user.home)
    try await program.expectExit(0)
    return program.output.text
  }
}

/// Two receivers whose users change their passphrases: one whose program can read the new one, and
/// one that cannot.
private struct RunningReceivers {
  private let kdc: RunningKDC
  private let following: Changing
  private let told: Changing
  private let followingProgram: Program
  private let toldProgram: Program

  init(at kdc: RunningKDC, _ stage: Stage) async throws {
    self.kdc = kdc
    following = try Changing(stage.user("following"), at: kdc, stage, new: "another")
    told = try Changing(stage.user("told"), at: kdc, stage, new: "another")
    for user in [following, told] { try await user.register() }
    followingProgram = try await stage.listening(following.user, at: kdc, ["-o", "/dev/null"])
    let access = Stage.Access(
      port: kdc.port, ["--kdc-key", kdc.word, "--passphrase-file", "-"])
    toldProgram = try stage.receiver(told.user, access, ["-o", "/dev/null"], input: .pipe)
    toldProgram.write(Array((told.user.passphrase + "\n").utf8))
    try await toldProgram.said("listening on port")
  }

  func changePassphrases() async throws {
    // Not from the same devices: a kept login would be found there.
    for user in [following, told] {
      try await user.passwd().expectExit(0, saying: "was changed")
      try FileManager.default.removeItem(atPath: user.user.home.path("credentials"))
    }
    try FileManager.default.removeItem(atPath: following.old)
    try FileManager.default.copyItem(atPath: following.new, toPath: following.old)
  }

  /// The next announcement comes within a minute of the first.
  func expectToBeTold() async throws {
    let words = "The login of told is over. Log in again: client login -n told"
    let status = try await toldProgram.exit(within: .seconds(70))
    #expect(status == 5)
    #expect(toldProgram.errors.text.contains(words), "\(toldProgram.report)")
    try await followingProgram.said("the login of following is over")
    try await eventually("another announcement", report: kdc.log) {
      kdc.log.components(separatedBy: " announced name=following ").count > 2 ? () : nil
    }
    #expect(followingProgram.exitStatus == nil)
  }
}
