import Foundation
import KeyDistribution
import Testing

extension EndToEnd {
  /// One login for many transfers: `client login`, `status` and `logout`.
  @Suite struct SingleSignOnTests {}
}

extension EndToEnd.SingleSignOnTests {
  private func logIn(
    _ stage: Stage, _ user: User, _ access: Stage.Access, _ extra: [String] = []
  ) async throws {
    let login = try stage.start(
      .client, ["login", "-n", user.name] + access.arguments + extra, home: user.home)
    try await login.expectExit(0)
    #expect(login.errors.text.contains("logged in as \(user.name)"))
  }

  /// With no passphrase, no terminal and nothing said about the KDC.
  private func bare(_ port: UInt16) -> Stage.Access { Stage.Access(port: port, []) }

  private func status(_ stage: Stage, _ user: User) async throws -> (code: Int32, text: String) {
    let program = try stage.start(.client, ["status"], home: user.home)
    return (try await program.exit(), program.output.text)
  }

  /// The files of the logins that a device keeps.
  private func kept(_ user: User) -> [String] {
    Folder(notYetAt: user.home.path("credentials")).allFiles.filter { !$0.hasSuffix("~lock") }
  }

  private func count(_ text: String, in log: String) -> Int {
    log.components(separatedBy: text).count - 1
  }

  @Test("After a login nobody is asked, and a transfer costs no connection to the KDC")
  func oneLogin() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let streams = try StreamForwarder(to: kdc.port)
      let datagrams = try DatagramForwarder(streams.port, to: kdc.port)
      var access = Stage.Access(alice, at: kdc)
      access.port = streams.port
      try await logIn(stage, alice, access)
      let connections = streams.connectionCount
      #expect(connections == 1)
      let file = try stage.folder.put(randomBytes(1000), at: "in")
      for number in 1...3 {
        let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
        let sender = try stage.sender(alice, bare(streams.port), to: "bob", file)
        try await sender.expectExit(0)
        try await receiver.expectExit(0)
        #expect(datagrams.requestCount >= number)
      }
      #expect(stage.folder.bytes(of: "out") == stage.folder.bytes(of: "in"))
      #expect(streams.connectionCount == connections)
      #expect(count(" logged-in name=alice ", in: kdc.log) == 1)
    }
  }

  @Test("Where UDP is blocked, a kept login goes by TCP")
  func datagramsBlocked() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let streams = try StreamForwarder(to: kdc.port)
      let swallower = try ServerSocket(streams.port, isDatagram: true)
      var access = Stage.Access(alice, at: kdc)
      access.port = streams.port
      try await logIn(stage, alice, access)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([1, 2], at: "in")
      try await stage.sender(alice, bare(streams.port), to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(swallower.hasInput)
      #expect(count(" logged-in name=alice ", in: kdc.log) == 1)
    }
  }

  @Test("A receiver runs on a kept login, and so does a second one after it")
  func receiver() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, bob, Stage.Access(bob, at: kdc))
      for byte in [UInt8(1), 2] {
        let receiver = try stage.receiver(
          bob, bare(kdc.port), ["-o", stage.folder.path("out")])
        try await receiver.said("listening on port")
        let file = try stage.folder.put([byte], at: "in")
        try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
        try await receiver.expectExit(0)
        #expect(stage.folder.bytes(of: "out") == [byte])
      }
      #expect(count(" logged-in name=bob ", in: kdc.log) == 1)
    }
  }

  @Test("Two senders and a receiver use one kept login each at the same time")
  func sideBySide() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let users = (try stage.user("alice"), try stage.user("bob"), try stage.user("carol"))
      try await logIn(stage, users.0, Stage.Access(users.0, at: kdc))
      let before = try kept(users.0).map { try Data(contentsOf: URL(filePath: $0)) }
      let receivers = [
        try await stage.listening(users.1, at: kdc, ["-o", stage.folder.path("out1")]),
        try await stage.listening(users.2, at: kdc, ["-o", stage.folder.path("out2")]),
      ]
      let file = try stage.folder.put(randomBytes(100_000), at: "in")
      let senders = try ["bob", "carol"].map {
        try stage.sender(users.0, bare(kdc.port), to: $0, file)
      }
      for program in senders + receivers { try await program.expectExit(0) }
      #expect(stage.folder.bytes(of: "out1") == stage.folder.bytes(of: "in"))
      #expect(stage.folder.bytes(of: "out2") == stage.folder.bytes(of: "in"))
      let after = try kept(users.0).map { try Data(contentsOf: URL(filePath: $0)) }
      #expect(before == after)
    }
  }

  @Test("Status tells names and KDCs side by side; logout ends what is named, and leaves nothing")
  func statusAndLogout() async throws {
    try await Stage.with { stage in
      let (first, second) = (try await stage.kdc(), try await stage.kdc(folder: "second"))
      let alice = try stage.user("alice")
      let bob = try stage.user("bob", device: "alice")
      let none = try await status(stage, alice)
      #expect(none.code == 1 && none.text.isEmpty)
      try await logIn(stage, alice, Stage.Access(alice, at: first))
      try await logIn(stage, alice, Stage.Access(alice, at: second), ["--lifetime", "30m"])
      try await logIn(stage, bob, Stage.Access(bob, at: first))
      let all = try await status(stage, alice)
      #expect(all.code == 0)
      let lines = all.text.split(separator: "\n")
      #expect(lines.count == 3)
      #expect(
        lines.contains {
          $0.hasPrefix("alice at 127.0.0.1:\(second.port), \(second.word), until ")
            && $0.hasSuffix("(30 min)")
        })
      #expect(lines.filter { $0.contains(first.word) && $0.hasSuffix("(10 h 0 min)") }.count == 2)
      for path in kept(alice) { #expect(try permissions(path, kind: S_IFREG) == 0o600) }
      let folder = alice.home.path("credentials")
      #expect(try permissions(folder, kind: S_IFDIR) == 0o700)

      // Another name for one of the files shows what is left in it.
      let target = try #require(kept(alice).first { $0.hasSuffix("/bob") })
      #expect(unsafe link(target, stage.folder.path("witness")) == 0)
      let one = try stage.start(.client, ["logout", "-n", "bob"], home: alice.home)
      try await one.expectExit(0)
      #expect(kept(alice).count == 2)
      let rest = try #require(stage.folder.bytes(of: "witness"))
      #expect(rest.count > 100 && rest.allSatisfy { $0 == 0 })
      let place = ["-a", "127.0.0.1", "-p", "\(second.port)"]
      try await stage.start(.client, ["logout"] + place, home: alice.home).expectExit(0)
      #expect(try await status(stage, alice).text.contains(first.word))
      try await stage.start(.client, ["logout"], home: alice.home).expectExit(0)
      #expect(kept(alice).isEmpty)
      #expect(try await status(stage, alice).code == 1)
      // Without a login somebody has to be asked again, and there is nobody.
      try await stage.sender(alice, bare(first.port), to: "bob", "/dev/null").expectExit(64)
    }
  }

  @Test("A login that has ended is not used; status says so and removes it")
  func expired() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      // Eleven hours later, by what this machine knows of the KDC's time.
      let words = try #require(alice.home.text(of: "clocks")).split(separator: " ")
      let offset = try #require(Int64(words[2].dropLast()))
      let later = "\(words[0]) \(words[1]) \(offset + 11 * 3_600_000)\n"
      try alice.home.put(Array(later.utf8), at: "clocks", mode: 0o600)
      let sender = try stage.sender(alice, bare(kdc.port), to: "bob", "/dev/null")
      #expect(try await sender.exit() != 6)
      #expect(kept(alice).isEmpty)

      try alice.home.put(Array(words.joined(separator: " ").utf8), at: "clocks", mode: 0o600)
      try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      try alice.home.put(Array(later.utf8), at: "clocks", mode: 0o600)
      let told = try await status(stage, alice)
      #expect(told.code == 1)
      #expect(told.text.contains("alice at 127.0.0.1:\(kdc.port)"))
      #expect(told.text.contains("expired"))
      #expect(kept(alice).isEmpty)
    }
  }

  @Test("A kept login that is damaged is told, removed, and a passphrase asked for again")
  func damaged() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      let path = try #require(kept(alice).first)
      var bytes = Array(try Data(contentsOf: URL(filePath: path)))
      bytes[300] ^= 1
      try Data(bytes).write(to: URL(filePath: path))
      let unattended = try stage.sender(alice, bare(kdc.port), to: "nobody", "/dev/null")
      try await unattended.expectExit(64)
      #expect(unattended.errors.text.contains("damaged"))
      #expect(kept(alice).isEmpty)
      let attended = try stage.sender(
        alice, bare(kdc.port), to: "nobody", "/dev/null", input: .terminal)
      try await attended.shown("passphrase of alice")
      attended.type(alice.passphrase)
      try await attended.expectExit(6)
    }
  }

  /// One user as an operator enters it, with another key version number at each life of the KDC.
  private func enter(_ stage: Stage, keyVersion: Int) throws -> User {
    let example = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "pwd.txt.example")
    let text = try String(contentsOf: example, encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("name=alice ") })
    let entered = line.replacingOccurrences(of: " kvno=1 ", with: " kvno=\(keyVersion) ") + "\n"
    try stage.folder.folder("kdc").put(Array(entered.utf8), at: "pwd.txt", mode: 0o600)
    let alice = try stage.user("alice")
    try Data("correct horse battery staple\n".utf8).write(
      to: URL(filePath: alice.passphraseFile))
    return alice
  }

  @Test("A login that the KDC has ended is removed; a person is asked, a script is told (exit 5)")
  func ended() async throws {
    try await Stage.with { stage in
      let alice = try enter(stage, keyVersion: 1)
      let first = try await stage.kdc()
      var access = Stage.Access(alice, at: first)
      access.options.removeAll { $0 == "--register" }
      try await logIn(stage, alice, access)
      let path = try #require(kept(alice).first)
      let login = try Data(contentsOf: URL(filePath: path))
      try await stage.sender(alice, bare(first.port), to: "nobody", "/dev/null").expectExit(6)
      try await first.stop()
      _ = try enter(stage, keyVersion: 2)
      let second = try await stage.kdc(port: first.port)

      let script = try stage.sender(alice, bare(second.port), to: "nobody", "/dev/null")
      try await script.expectExit(5)
      #expect(script.errors.text.contains("client login -n alice"))
      #expect(kept(alice).isEmpty)

      try login.write(to: URL(filePath: path))
      let receiver = try stage.receiver(alice, bare(second.port), ["-o", "/dev/null"])
      try await receiver.expectExit(5)
      #expect(kept(alice).isEmpty)

      try login.write(to: URL(filePath: path))
      let person = try stage.sender(
        alice, bare(second.port), to: "nobody", "/dev/null", input: .terminal)
      try await person.shown("passphrase of alice")
      person.type("correct horse battery staple")
      try await person.expectExit(6)
      #expect(kept(alice).isEmpty)
    }
  }

  @Test("An encrypted copy needs the passphrase: asked for, checked, or told that it cannot be")
  func sealedCopy() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await logIn(stage, bob, Stage.Access(bob, at: kdc))
      let copy = stage.folder.path("copy")
      let options = ["-s", copy, "-o", "/dev/null"]
      let unattended = try stage.receiver(bob, bare(kdc.port), options)
      try await unattended.expectExit(64)
      #expect(unattended.errors.text.contains("--passphrase-file"))
      let wrong = try stage.receiver(bob, bare(kdc.port), options, input: .terminal)
      try await wrong.shown("passphrase of bob")
      wrong.type("wrong")
      try await wrong.expectExit(5)
      let receiver = try stage.receiver(bob, bare(kdc.port), options, input: .terminal)
      try await receiver.shown("passphrase of bob")
      receiver.type(bob.passphrase)
      try await receiver.shown("listening on port")
      let file = try stage.folder.put([7, 8, 9], at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      let opened = try stage.start(
        .client,
        [
          "open", "-n", "bob", "-i", copy, "-o", stage.folder.path("opened"),
          "--passphrase-file", bob.passphraseFile,
        ])
      try await opened.expectExit(0)
      #expect(stage.folder.bytes(of: "opened") == [7, 8, 9])
      #expect(count(" logged-in name=bob ", in: kdc.log) == 1)
    }
  }

  @Test("Another KDC at the address of the one that is pinned gets nothing out of a kept login")
  func impostor() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, Stage.Access(alice, at: kdc))
      try await kdc.stop()
      let impostor = try await stage.kdc(port: kdc.port, folder: "impostor")
      try await stage.sender(alice, bare(impostor.port), to: "bob", "/dev/null").expectExit(4)
      #expect(!impostor.log.contains("alice"))
      #expect(kept(alice).count == 1)
    }
  }

  @Test(
    "Wrong usage of the commands ends with 64",
    arguments: [
      ["nonsense"], ["logon", "-n", "alice"], ["bad\u{1b}[2J"], [""], ["login"],
      ["login", "-n", "alice"], ["login", "-n", "alice", "-a", "h", "-p", "1", "--lifetime", "1"],
      ["logout", "-a", "h"], ["logout", "-p", "1"], ["logout", "more"], ["status", "more"],
    ])
  func usage(arguments: [String]) async throws {
    try await Stage.with { stage in
      let home = Folder(notYetAt: stage.folder.path("home"))
      let client = try stage.start(.client, arguments, home: home)
      try await client.expectExit(64)
      #expect(!client.errors.text.contains("\u{1b}"))
      #expect(stage.folder.entries == [])
      if arguments.count == 1, arguments[0] == "nonsense" {
        #expect(client.errors.text.contains("no command \"nonsense\""))
      }
    }
  }
}
