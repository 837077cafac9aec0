import Foundation
import Testing

extension EndToEnd {
  /// What an operator does with `kdc` commands, while the KDC serves and while it does not.
  @Suite struct OperatorTests {}
}

extension EndToEnd.OperatorTests {
  /// Only root can try.
  @Test("What root does while no KDC serves leaves every file to the user that the KDC runs as")
  func asRoot() async throws {
    guard geteuid() == 0 else { return print("left out: it takes root to act for another user") }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      try await kdc.stop()
      let owner: uid_t = 65534
      let paths = [kdc.folder.path, stage.folder.path] + kdc.folder.allFiles
      for path in paths { try #require(unsafe chown(path, owner, owner) == 0) }
      for words in [
        ["users", "list"], ["invite"], ["rotate-storage-key"], ["rotate-identity"],
        ["invite", "-o", kdc.folder.path("out.txt"), "--audit", kdc.folder.path("audit")],
      ] {
        let program = try stage.start(.kdc, words + ["-f", kdc.folder.path("pwd.txt")])
        try await program.expectExit(0)
      }
      for path in kdc.folder.allFiles {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.ownerAccountID] as? UInt32 == owner, "\(path)")
      }
    }
  }

  /// Runs a command to its end and gives its standard output.
  @discardableResult
  private func command(
    _ stage: Stage, _ words: [String], at folder: Folder, exit code: Int32 = 0
  ) async throws -> Program {
    let program = try stage.start(.kdc, words + ["-f", folder.path("pwd.txt")])
    try await program.expectExit(code)
    return program
  }

  private func logIn(
    _ stage: Stage, _ user: User, at kdc: RunningKDC, _ extra: [String] = []
  ) throws -> Program {
    try stage.start(
      .client,
      [
        "login", "-n", user.name, "-a", "127.0.0.1", "-p", "\(kdc.port)", "--kdc-key", kdc.word,
        "--passphrase-file", user.passphraseFile,
      ] + extra, home: user.home)
  }

  private func invitation(_ stage: Stage, _ program: Program, _ name: String) throws -> String {
    let word = try #require(program.output.lines.first)
    #expect(word.hasPrefix("invite1"))
    return try stage.folder.put([UInt8]("\(word)\n".utf8), at: name, mode: 0o600)
  }

  /// Whether the name's kept login is still taken, by a ticket asked for under it.
  private func asksForTicket(
    _ stage: Stage, _ user: User, at kdc: RunningKDC, for peer: String
  ) throws -> Program {
    try stage.start(
      .client,
      [
        "-n", user.name, "-m", "S", "-r", peer, "-i", "/dev/null", "-a", "127.0.0.1", "-p",
        "\(kdc.port)",
      ], home: user.home)
  }

  @Test("HOSTILE B 11: who is disabled loses login and presence at once, and no old login revives")
  func disabled() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let output = stage.folder.path("out")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", output])
      try await logIn(stage, alice, at: kdc, ["--register"]).expectExit(0)
      let listed = try await command(stage, ["users", "list"], at: kdc.folder)
      #expect(listed.output.text.contains("bob active kvno="))
      #expect(listed.output.lines.contains { $0.hasPrefix("bob ") && $0.hasSuffix("receives") })

      try await command(stage, ["users", "disable", "bob"], at: kdc.folder)
      try await kdc.logged("operator-disabled", "name=bob")
      // Its presence is gone, nobody logs in as it, and its login is dead.
      try await asksForTicket(stage, alice, at: kdc, for: "bob").expectExit(6)
      try await logIn(stage, bob, at: kdc).expectExit(5)
      try await command(stage, ["users", "enable", "bob"], at: kdc.folder)
      try await asksForTicket(stage, alice, at: kdc, for: "bob").expectExit(6)
      try await logIn(stage, bob, at: kdc).expectExit(0)
      receiver.signal(SIGKILL)
      _ = try await receiver.exit()
      // And the other way round: the asker is disabled.
      try await command(stage, ["users", "disable", "alice"], at: kdc.folder)
      try await asksForTicket(stage, alice, at: kdc, for: "bob").expectExit(5)
    }
  }

  @Test("HOSTILE B 7: a removed name may be had anew, and the user of before is somebody else")
  func removed() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, ["--register"]).expectExit(0)
      try await command(stage, ["users", "remove", "alice"], at: kdc.folder)
      try await logIn(stage, alice, at: kdc).expectExit(5)
      try await command(stage, ["users", "show", "alice"], at: kdc.folder)
      let again = try stage.user("alice", device: "another")
      try await logIn(stage, again, at: kdc, ["--register"]).expectExit(0)
      try await command(stage, ["users", "remove", "nobody"], at: kdc.folder, exit: 1)
    }
  }

  @Test("Who may ask for a user is said by the operator; for others it is not there")
  func allow() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let people = try ["alice", "bob", "carol"].map { try stage.user($0) }
      let (alice, bob, carol) = (people[0], people[1], people[2])
      for user in [alice, carol] {
        try await logIn(stage, user, at: kdc, ["--register"]).expectExit(0)
      }
      let output = stage.folder.path("out")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", output])
      try await command(stage, ["users", "allow", "bob", "--only", "carol"], at: kdc.folder)
      try await asksForTicket(stage, alice, at: kdc, for: "bob").expectExit(6)
      let shown = try await command(stage, ["users", "show", "bob"], at: kdc.folder)
      #expect(shown.output.text.contains("callers: carol"))
      try await asksForTicket(stage, carol, at: kdc, for: "bob").expectExit(0)
      try await receiver.expectExit(0)
      // It outlives the KDC, and is taken back while none serves.
      try await kdc.stop()
      try await command(stage, ["users", "allow", "bob", "--everybody"], at: kdc.folder)
      let after = try await command(stage, ["users", "show", "bob"], at: kdc.folder)
      #expect(after.output.text.contains("callers: everybody"))
      try await command(stage, ["users", "allow", "bob"], at: kdc.folder, exit: 64)
    }
  }

  @Test("By invitation only: once, for its name, until it expires; and nobody learns who is there")
  func invite() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--registration", "invite"])
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let uninvited = try logIn(stage, alice, at: kdc, ["--register"])
      try await uninvited.expectExit(5)
      #expect(uninvited.errors.text.contains("--invite"))

      let made = try await command(stage, ["invite", "--name", "alice"], at: kdc.folder)
      let file = try invitation(stage, made, "invitation")
      let secret = try #require(made.output.lines.first)
      // Another's name; then its own, once.
      try await logIn(stage, bob, at: kdc, ["--invite", file]).expectExit(5)
      try await logIn(stage, alice, at: kdc, ["--invite", file]).expectExit(0)
      let thief = try stage.user("alice", device: "thief")
      try await logIn(stage, thief, at: kdc, ["--invite", file]).expectExit(5)

      let open = try await command(stage, ["invite", "--expires", "1h"], at: kdc.folder)
      let any = try invitation(stage, open, "any")
      try await logIn(stage, bob, at: kdc, ["--invite", any]).expectExit(0)
      let carol = try stage.user("carol")
      try await logIn(stage, carol, at: kdc, ["--invite", any]).expectExit(5)
      // A taken name and a free one are alike to who is not invited.
      let taken = try stage.start(
        .client,
        ["login", "-n", "alice"]
          + Stage.Access(
            port: kdc.port,
            ["--kdc-key", kdc.word, "--register", "--passphrase-file", carol.passphraseFile]
          ).arguments, home: thief.home)
      try await taken.expectExit(5)
      #expect(taken.errors.text == uninvited.errors.text)
      for name in ["pwd.txt.invitations", "out.txt", "pwd.txt"] {
        #expect(kdc.folder.text(of: name)?.contains(secret) == false)
      }
      try await command(stage, ["invite", "--name", "bob"], at: kdc.folder, exit: 1)
    }
  }

  @Test("Closed: nobody registers but who was reset, with the invitation of the reset")
  func closed() async throws {
    try await Stage.with { stage in
      let open = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, alice, at: open, ["--register"]).expectExit(0)
      try await open.stop()
      let kdc = try await stage.kdc(["--registration", "closed"])
      let made = try await command(stage, ["invite"], at: kdc.folder)
      let any = try invitation(stage, made, "any")
      try await logIn(stage, bob, at: kdc, ["--invite", any]).expectExit(5)
      let reset = try await command(stage, ["users", "reset", "alice"], at: kdc.folder)
      let own = try invitation(stage, reset, "own")
      try await logIn(stage, alice, at: kdc).expectExit(5)
      try await logIn(stage, alice, at: kdc, ["--invite", any]).expectExit(5)
      let again = try stage.user("alice", device: "again")
      try await logIn(stage, again, at: kdc, ["--invite", own]).expectExit(0)
    }
  }

  @Test("An invitation that is spent when the KDC is killed serves its registration, and no other")
  func killedBetween() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(["--registration", "invite"])
      let made = try await command(stage, ["invite"], at: kdc.folder)
      let file = try invitation(stage, made, "invitation")
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, ["--invite", file]).expectExit(0)
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      // As if the user had not come to the disk: the line of the user is cut off.
      let users = try #require(kdc.folder.text(of: "pwd.txt"))
      let without = users.split(separator: "\n").filter { !$0.hasPrefix("name=alice") }
      let file2 = URL(filePath: kdc.folder.path("pwd.txt"))
      try Data((without.joined(separator: "\n") + "\n").utf8).write(to: file2)
      let again = try await stage.kdc(["--registration", "invite"])
      let bob = try stage.user("bob")
      try await logIn(stage, bob, at: again, ["--invite", file]).expectExit(5)
      try await logIn(stage, alice, at: again, ["--invite", file]).expectExit(0)
    }
  }

  @Test("kdc check finds what is wrong, by line, and changes nothing")
  func check() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, at: kdc, ["--register"]).expectExit(0)
      let path = kdc.folder.path("pwd.txt")
      let good = try stage.start(.kdc, ["check", path])
      try await good.expectExit(0)
      #expect(good.output.text.contains("1 users, 2 lines, 0 problems"))
      try await kdc.stop()
      // Damage; and the digest of one name under another's, with a right checksum.
      let text = try #require(kdc.folder.text(of: "pwd.txt"))
      try Data((text + "name=bob nonsense\n").utf8).write(to: URL(filePath: path))
      unsafe chmod(path, 0o600)
      let bad = try stage.start(.kdc, ["check", path])
      try await bad.expectExit(1)
      #expect(bad.output.text.contains("line 3"))
      #expect(kdc.folder.text(of: "pwd.txt") == text + "name=bob nonsense\n")
      let nowhere = try stage.start(.kdc, ["check", stage.folder.path("nothing")])
      try await nowhere.expectExit(1)
    }
  }

  @Test("HOSTILE G 25: the socket is for its owner alone, and nonsense harms nobody")
  func socket() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let path = kdc.folder.path("pwd.txt.sock")
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
      for line in ["", "{}", "nonsense", #"{"command":"list","more":1}"#, #"{"command":"show"}"#] {
        let answer = try operatorAnswer(path, line + "\n")
        #expect(answer.hasPrefix(#"{"error":"#), "\(line): \(answer)")
      }
      // Longer than a request may be: closed without a word.
      #expect(try operatorAnswer(path, String(repeating: "x", count: 1 << 20)) == "")
      #expect(try operatorAnswer(path, #"{"command":"list"}"# + "\n").contains("count"))
      try await kdc.stop()
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test("A command makes no realm out of a slip, and says what it lacks")
  func slips() async throws {
    try await Stage.with { stage in
      let folder = try stage.folder.folder("empty")
      let program = try await command(stage, ["users", "list"], at: folder, exit: 1)
      #expect(program.errors.text.contains("there is no user file"))
      #expect(!FileManager.default.fileExists(atPath: folder.path("kdc.key")))
      try await stage.start(.kdc, ["nonsense"]).expectExit(64)
      try await stage.start(.kdc, ["users", "show", "A B", "-f", "x"]).expectExit(64)
    }
  }

  @Test(
    "Passphrases that guessers try first may not be set, and that is told before they are hashed",
    arguments: [
      "short", "password123!", "1234567890", "abcabcabcabc", "Alice--1234567", "qwertyuiop",
      "abcdefghijkl", "Correct-Horse-Battery-Staple",
    ])
  func rules(passphrase: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let weak = try stage.folder.put([UInt8]("\(passphrase)\n".utf8), at: "weak", mode: 0o600)
      let program = try stage.start(
        .client,
        ["login", "-n", "alice"]
          + Stage.Access(
            port: kdc.port, ["--kdc-key", kdc.word, "--register", "--passphrase-file", weak]
          ).arguments, home: try stage.user("alice").home)
      try await program.expectExit(5)
      #expect(program.errors.text.contains("may not be set"))
      #expect(program.errors.text.contains("log in without --register"))
      // Not even its salt was asked for with success: nothing is in the log.
      #expect(!kdc.log.contains("alice"))
    }
  }
}

/// One exchange with the socket of the operator.
private func operatorAnswer(_ path: String, _ text: String) throws -> String {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
  let connected = unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard connected == 0 else { throw TestProblem("connect") }
  let socket = ClientSocket(adopting: dup(descriptor))
  socket.send([UInt8](text.utf8))
  var answer: [UInt8] = []
  while !answer.contains(UInt8(ascii: "\n")), let more = socket.receive() { answer += more }
  return String(decoding: answer, as: UTF8.self)
}
