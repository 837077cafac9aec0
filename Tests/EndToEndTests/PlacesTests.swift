import Foundation
import Testing

extension EndToEnd {
  /// Several places of one KDC, some of them dead. Two KDCs with copies of the same files are two
  /// places to a client.
  @Suite struct PlacesTests {}
}

extension EndToEnd.PlacesTests {
  /// Something that has been a KDC's port: nobody listens there any more.
  private func deadPort() throws -> UInt16 { try ServerSocket().port }

  private func list(_ ports: [UInt16]) -> String {
    ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
  }

  /// By a list of places, and without the word of any.
  private func access(_ user: User, _ ports: [UInt16], _ extra: [String] = []) -> [String] {
    ["-n", user.name, "-a", list(ports), "--passphrase-file", user.passphraseFile] + extra
  }

  private func logIn(
    _ stage: Stage, _ user: User, _ ports: [UInt16], _ extra: [String] = []
  ) throws -> Program {
    try stage.start(.client, ["login"] + access(user, ports, extra), home: user.home)
  }

  /// A second KDC with what the first one has on the disk now.
  private func replica(
    _ stage: Stage, of first: RunningKDC, _ extra: [String] = [], port: UInt16 = 0
  ) async throws -> RunningKDC {
    let folder = try stage.folder.folder("replica")
    for name in try FileManager.default.contentsOfDirectory(atPath: first.folder.path)
    where name != "out.txt" && !name.hasSuffix(".sock") {
      try FileManager.default.copyItem(
        atPath: first.folder.path(name), toPath: folder.path(name))
    }
    let second = try await stage.kdc(extra, port: port, folder: "replica")
    #expect(second.word == first.word)
    return second
  }

  private func count(_ text: String, in log: String) -> Int {
    log.components(separatedBy: text).count - 1
  }

  @Test("A dead place in front is passed over at once, and the one that answered is remembered")
  func refusing() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let dead = try deadPort()
      let options = ["--kdc-key", kdc.word, "--register"]
      let start = ContinuousClock.now
      try await logIn(stage, alice, [dead, kdc.port], options).expectExit(0)
      #expect(ContinuousClock.now - start < .seconds(8))
      #expect(alice.home.text(of: "known_kdcs") == "127.0.0.1:\(kdc.port) \(kdc.word)\n")
      #expect(alice.home.text(of: "places")?.hasSuffix(" 127.0.0.1:\(kdc.port)\n") == true)
      // A list and a single place agree on what is known.
      try await logIn(stage, alice, [kdc.port]).expectExit(0)
      try await logIn(stage, alice, [kdc.port, dead]).expectExit(0)
      // Nobody at all.
      let nobody = try logIn(stage, alice, [dead, try deadPort()])
      try await nobody.expectExit(3)
      #expect(nobody.errors.text.contains("127.0.0.1:\(dead),"))
    }
  }

  @Test("A place that takes connections and datagrams and never answers costs less than a second")
  func silent() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let streams = try ServerSocket()
      let datagrams = try ServerSocket(streams.port, isDatagram: true)
      let ports = [streams.port, kdc.port]
      let options = ["--kdc-key", kdc.word, "--register"]
      for user in [alice, bob] {
        try await logIn(stage, user, ports, options).expectExit(0)
      }
      #expect(streams.hasInput)
      let content = randomBytes(1000)
      let receiver = try stage.start(
        .client,
        ["-n", "bob", "-m", "R", "-l", "0", "-o", stage.folder.path("out"), "-a", list(ports)],
        home: bob.home)
      try await receiver.said("listening on port")
      #expect(!datagrams.hasInput)
      // Without memory the silent one is asked first, by datagrams, and the other one soon after.
      try FileManager.default.removeItem(atPath: alice.home.path("places"))
      let file = try stage.folder.put(content, at: "in")
      let start = ContinuousClock.now
      let sender = try stage.start(
        .client, ["-n", "alice", "-m", "S", "-r", "bob", "-i", file, "-a", list(ports)],
        home: alice.home)
      try await sender.expectExit(0)
      #expect(ContinuousClock.now - start < .seconds(8))
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      #expect(datagrams.hasInput)
      #expect(alice.home.text(of: "places")?.hasSuffix(" 127.0.0.1:\(kdc.port)\n") == true)
    }
  }

  @Test("One of two is killed while a receiver stays: senders find it by the other")
  func killed() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let ports = [first.port, try deadPort()]
      let options = ["--kdc-key", first.word, "--register"]
      for user in [alice, bob] { try await logIn(stage, user, ports, options).expectExit(0) }
      let folder = try stage.folder.folder("received")
      let receiver = try stage.start(
        .client,
        [
          "receive", "--keep", "-n", "bob", "-l", "0", "-d", folder.path, "--accept-all", "-a",
          list(ports),
        ], home: bob.home)
      try await receiver.said("listening on port")
      try await eventually("presence on the disk", report: first.log) {
        first.folder.text(of: "pwd.txt.presence")?.contains("bob") == true ? () : nil
      }
      let second = try await replica(stage, of: first, port: ports[1])
      first.program.signal(SIGKILL)
      _ = try await first.program.exit()
      let content = randomBytes(1000)
      let file = try stage.folder.put(content, at: "file")
      let sender = try stage.start(
        .client, ["send", file, "-r", "bob", "-n", "alice", "-a", list(ports)], home: alice.home)
      try await sender.expectExit(0)
      #expect(folder.bytes(of: "file") == content)
      try await second.logged(" key-issued ", " name=alice for=bob ")
      // The receiver has lost its KDC, too, and finds the other one.
      try await stage.stop(receiver)
      try await second.logged(" withdrawn name=bob ")
      #expect(bob.home.text(of: "places")?.hasSuffix(" 127.0.0.1:\(ports[1])\n") == true)
    }
  }

  @Test("An impostor among the places is told, and gets nothing", arguments: [true, false])
  func impostor(isFirst: Bool) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let impostor = try await stage.kdc(folder: "impostor")
      let alice = try stage.user("alice")
      try await logIn(stage, alice, [kdc.port], ["--kdc-key", kdc.word, "--register"])
        .expectExit(0)
      try? FileManager.default.removeItem(atPath: alice.home.path("places"))
      if !isFirst { try await kdc.stop() }
      let ports = isFirst ? [impostor.port, kdc.port] : [kdc.port, impostor.port]
      let program = try logIn(stage, alice, ports)
      try await program.expectExit(4)
      #expect(program.errors.text.contains(impostor.word))
      #expect(program.errors.text.contains("127.0.0.1:\(impostor.port)"))
      #expect(!impostor.log.contains("alice"))
      #expect(alice.home.text(of: "known_kdcs") == "127.0.0.1:\(kdc.port) \(kdc.word)\n")
      // Nor does an option speak for it.
      try await logIn(stage, alice, ports, ["--accept-new-kdc"]).expectExit(4)
      #expect(!impostor.log.contains("alice"))
    }
  }

  @Test("A wrong passphrase is one guess at one place, and brakes are not gone around")
  func guesses() async throws {
    try await Stage.with { stage in
      let settings = try stage.folder.put(
        Array(#"{"brakes": {"name": {"free-failures": 1, "first-delay-seconds": 600}}}"#.utf8),
        at: "settings.json")
      let first = try await stage.kdc(["--settings", settings])
      let (alice, mallory) = (try stage.user("alice"), try stage.user("mallory"))
      try await logIn(stage, alice, [first.port], ["--kdc-key", first.word, "--register"])
        .expectExit(0)
      let second = try await replica(stage, of: first, ["--settings", settings])
      let before = count(" refused ", in: first.log)
      let ports = [first.port, second.port]
      let thief = try stage.user("alice", device: "thief")
      var outcomes: [String] = []
      for _ in 0..<3 {
        let guess = try stage.start(
          .client,
          [
            "login", "-n", "alice", "-a", list(ports), "--kdc-key", first.word,
            "--passphrase-file", mallory.passphraseFile,
          ], home: thief.home)
        try await guess.expectExit(5)
        outcomes.append(guess.errors.text)
      }
      #expect(outcomes.last?.contains("too many wrong attempts") == true)
      try await first.logged(" refused ", "name=alice", "too many wrong proofs")
      #expect(count(" refused ", in: first.log) == before + 3)
      #expect(!second.log.contains("alice"))
    }
  }

  @Test("A place that is too busy: the next one is asked, and pinned without a question")
  func busy() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, [first.port], ["--kdc-key", first.word, "--register"])
        .expectExit(0)
      let second = try await replica(stage, of: first)
      // Sealed replies become the Failure 4; epoch keys pass.
      let overloaded = try StreamForwarder(
        to: first.port,
        tampering: { bytes in
          bytes.count > 3 && bytes[3] == 4 ? [0, 3, 1, 8, 4] : bytes
        })
      let program = try logIn(
        stage, alice, [overloaded.port, second.port], ["--kdc-key", first.word])
      try await program.expectExit(0)
      try await second.logged(" logged-in name=alice")
      let known = alice.home.text(of: "known_kdcs") ?? ""
      for port in [first.port, overloaded.port, second.port] {
        #expect(known.contains("127.0.0.1:\(port) \(first.word)\n"))
      }
      // Alone, it is told.
      let alone = try logIn(stage, alice, [overloaded.port])
      try await alone.expectExit(3)
      #expect(alone.errors.text.contains("cannot do it now"))
    }
  }

  @Test("A Failure that says to slow down for no time at all, again and again, is told as one")
  func slowDown() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      // Sealed replies become the Failure 5 with 0 seconds, which nobody has sealed.
      let middle = try StreamForwarder(
        to: kdc.port,
        tampering: { bytes in
          bytes.count > 3 && bytes[3] == 4 ? [0, 7, 1, 8, 5, 0, 0, 0, 0] : bytes
        })
      let program = try logIn(
        stage, alice, [middle.port], ["--kdc-key", kdc.word, "--verbose"])
      try await program.expectExit(5)
      #expect(program.errors.lines.count { $0.contains("takes the next request in 1 s") } == 4)
    }
  }

  @Test("A place whose connection dies before an answer: the next one gets a request made anew")
  func dies() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let alice = try stage.user("alice")
      try await logIn(stage, alice, [first.port], ["--kdc-key", first.word, "--register"])
        .expectExit(0)
      let second = try await replica(stage, of: first)
      // It shows its epoch key; then a frame of no length ends the connection at the client.
      let dying = try StreamForwarder(
        to: first.port, tampering: { bytes in bytes.count > 3 && bytes[3] == 4 ? [0, 0] : bytes })
      try await logIn(
        stage, alice, [dying.port, second.port], ["--kdc-key", first.word]
      ).expectExit(0)
      try await second.logged(" logged-in name=alice")
      #expect(alice.home.text(of: "places")?.hasSuffix(" 127.0.0.1:\(second.port)\n") == true)
    }
  }

  @Test("A domain is looked up in DNS, pinned by its name, and without records told")
  func domain() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let server = try NameServer(
        "_trent._udp.trent.example", places: [try deadPort(), kdc.port], in: stage.folder)
      func client(_ words: [String]) throws -> Program {
        try stage.start(.client, words, home: alice.home, environment: server.environment)
      }
      let secret = ["-n", "alice", "--passphrase-file", alice.passphraseFile]
      try await client(
        ["login", "-a", "trent.example", "--kdc-key", kdc.word, "--register"] + secret
      ).expectExit(0)
      #expect(alice.home.text(of: "known_kdcs") == "trent.example \(kdc.word)\n")
      let status = try client(["status"])
      try await status.expectExit(0)
      let place = "alice at trent.example (of several, localhost:\(kdc.port) answered last), "
      #expect(status.output.text.hasPrefix(place))
      // By the login that is kept, too.
      let mailboxes = try client(["mailboxes", "-n", "alice", "-a", "trent.example"])
      try await mailboxes.expectExit(0)
      let unknown = try client(
        ["login", "-a", "other.example", "--accept-new-kdc"] + secret)
      try await unknown.expectExit(3)
      #expect(unknown.errors.text.contains("no SRV record _trent._udp.other.example"))
    }
  }

  @Test("A mailbox serves by the place that is alive")
  func mailbox() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let ports = [try deadPort(), kdc.port]
      let key = stage.folder.path("post.key")
      let home = Folder(notYetAt: stage.folder.path("home-post"))
      try await stage.start(
        .client,
        [
          "keygen", "-n", "post", "--key-file", key, "-a", list(ports), "--kdc-key", kdc.word,
        ], home: home
      ).expectExit(0)
      let mailbox = try stage.start(
        .mailbox,
        [
          "--key-file", key, "-a", list(ports), "--spool", stage.folder.path("spool"), "-l", "0",
        ], home: home)
      try await mailbox.said("listening on port")
      try await kdc.logged(" announced ", "name=post")
      mailbox.signal(SIGTERM)
      try await mailbox.expectExit(0)
    }
  }

  @Test("A check-up looks at every place, and says which is dead")
  func doctor() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let dead = try deadPort()
      try await logIn(stage, alice, [dead, kdc.port], ["--kdc-key", kdc.word, "--register"])
        .expectExit(0)
      let known = alice.home.text(of: "known_kdcs")
      let other = try StreamForwarder(to: kdc.port)
      let both = try stage.start(
        .client, ["doctor", "-a", list([other.port, kdc.port])], home: alice.home)
      _ = try await both.exit()
      #expect(both.output.text.contains("ok       KDC 127.0.0.1:\(other.port): it answers by TCP"))
      #expect(alice.home.text(of: "known_kdcs") == known)
      let doctor = try stage.start(
        .client, ["doctor", "-a", list([dead, kdc.port])], home: alice.home)
      try await doctor.expectExit(1)
      let lines = doctor.output.lines
      #expect(lines.contains { $0.hasPrefix("problem  KDC 127.0.0.1:\(dead): ") })
      let alive = "ok       KDC 127.0.0.1:\(kdc.port): it answers by TCP"
      #expect(lines.contains { $0.hasPrefix(alive) })
      #expect(lines.contains { $0.hasPrefix("ok       login: alice is logged in at ") })
      let well = try stage.start(
        .client, ["doctor", "-a", list([kdc.port])], home: alice.home)
      try await well.expectExit(0)
    }
  }
}
