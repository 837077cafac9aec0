import Testing

extension EndToEnd {
  /// `client peers`, and `--new-peer`.
  @Suite struct KnownPeersTests {}
}

extension EndToEnd.KnownPeersTests {
  private func peers(
    _ stage: Stage, _ user: User, _ arguments: [String], input: Program.Input = .nothing
  ) throws -> Program {
    try stage.start(.client, ["peers"] + arguments, home: user.home, input: input)
  }

  /// What a user's own device says of the user.
  private func fingerprint(_ stage: Stage, _ user: User) async throws -> String {
    let program = try stage.start(
      .client,
      ["identity", "show", "-n", user.name, "--passphrase-file", user.passphraseFile],
      home: user.home)
    try await program.expectExit(0)
    return String(program.output.text.split(separator: "\n").first ?? "")
  }

  private func access(_ user: User, _ kdc: RunningKDC, _ policy: String) -> Stage.Access {
    var access = Stage.Access(user, at: kdc)
    access.options += ["--new-peer", policy]
    return access
  }

  @Test("Two who have met see what the other's own device shows, and verify it")
  func verify() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let list = try peers(stage, alice, [])
      try await list.expectExit(0)
      let own = try await fingerprint(stage, bob)
      #expect(own.split(separator: "-").map(\.count) == [4, 4, 4, 4, 4, 4])
      let columns = list.output.text.split(whereSeparator: \.isWhitespace)
      #expect(columns.count == 5)
      #expect(columns[0...2] == ["bob", "127.0.0.1:\(kdc.port)", own[...]])
      #expect(columns.last == "unverified")

      // Somebody else's fingerprint is not bob's.
      let other = try await fingerprint(stage, alice)
      try await peers(stage, alice, ["verify", "bob", "--fingerprint", other]).expectExit(10)
      try await peers(stage, alice, ["verify", "bob"]).expectExit(64)
      let asked = try peers(stage, alice, ["verify", "bob"], input: .terminal)
      try await asked.shown(own)
      try await asked.shown("Does bob read out the same? [y/N]")
      asked.type("n")
      try await asked.expectExit(10)
      #expect(alice.home.text(of: "known_peers")?.contains("verified") == false)

      let agreed = try peers(stage, alice, ["verify", "bob"], input: .terminal)
      try await agreed.shown("[y/N]")
      agreed.type("y")
      try await agreed.expectExit(0)
      #expect(alice.home.text(of: "known_peers")?.hasSuffix(" verified\n") == true)
      let told = try peers(stage, alice, ["verify", "bob", "--fingerprint", own])
      try await told.expectExit(0)
      // The mark outlives a transfer, and the pin still counts.
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      #expect(alice.home.text(of: "known_peers")?.hasSuffix(" verified\n") == true)
    }
  }

  @Test("A peer is forgotten by --yes or an answer, and is new again then")
  func forget() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      try await peers(stage, alice, ["forget", "bob"]).expectExit(64)
      try await peers(stage, alice, ["forget", "carol", "--yes"]).expectExit(1)
      let place = ["-a", "127.0.0.1", "-p", "\(kdc.port)"]
      try await peers(stage, alice, ["forget", "bob", "--yes"] + place).expectExit(0)
      #expect(alice.home.text(of: "known_peers") == "")
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let asked = try peers(stage, alice, ["forget", "bob"], input: .terminal)
      try await asked.shown("[y/N]")
      asked.type("y")
      try await asked.expectExit(0)
      #expect(alice.home.text(of: "known_peers") == "")
    }
  }

  @Test(
    "A sender that refuses new peers, or cannot ask, sends nothing", arguments: ["refuse", "ask"])
  func senderRefuses(policy: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(
        bob, at: kdc, ["-o", stage.folder.path("out"), "--verbose"])
      // The KDC has tried to reach it.
      try await receiver.said("was closed")
      let before = receiver.errors.text
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let sender = try stage.sender(alice, access(alice, kdc, policy), to: "bob", file)
      try await sender.expectExit(10)
      #expect(sender.errors.text.contains(try await fingerprint(stage, bob)))
      #expect(alice.home.text(of: "known_peers") == nil)
      #expect(receiver.errors.text == before)
      // Once pinned, bob is not new.
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      let again = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      try await stage.sender(alice, access(alice, kdc, policy), to: "bob", file).expectExit(0)
      try await again.expectExit(0)
    }
  }

  @Test("A sender that asks shows the fingerprint, and does as it is told")
  func senderAsks() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let own = try await fingerprint(stage, bob)
      let file = try stage.folder.put([1, 2, 3], at: "in")
      for (answer, status) in [("n", Int32(10)), ("y", 0)] {
        let sender = try stage.sender(
          alice, access(alice, kdc, "ask"), to: "bob", file, input: .terminal)
        try await sender.shown("bob is new. The fingerprint is \(own).")
        #expect(alice.home.text(of: "known_peers") == nil)
        sender.type(answer)
        try await sender.expectExit(status)
      }
      try await receiver.expectExit(0)
      #expect(alice.home.text(of: "known_peers")?.contains(" bob ") == true)
    }
  }

  @Test(
    "A receiver that refuses new peers, or cannot ask, declines and waits on",
    arguments: ["refuse", "ask"])
  func receiverRefuses(policy: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      let pins = bob.home.text(of: "known_peers")
      let receiver = try stage.receiver(
        bob, access(bob, kdc, policy), ["-o", stage.folder.path("out")])
      try await receiver.said("listening on port")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let carol = try stage.user("carol")
      let sender = try stage.sender(carol, at: kdc, to: "bob", file)
      try await sender.expectExit(7)
      let line = try await receiver.said("refused carol")
      #expect(line.contains(try await fingerprint(stage, carol)))
      #expect(receiver.exitStatus == nil)
      #expect(bob.home.text(of: "known_peers") == pins)
      #expect(stage.folder.bytes(of: "out") == nil)
      // Who is known is served.
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == [1, 2, 3])
    }
  }

  @Test("A receiver that asks shows the fingerprint, and does as it is told")
  func receiverAsks() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try stage.receiver(
        bob, access(bob, kdc, "ask"), ["-o", stage.folder.path("out")], input: .terminal)
      try await receiver.shown("listening on port")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let declined = try stage.sender(alice, at: kdc, to: "bob", file)
      try await receiver.shown("alice is new. The fingerprint is")
      #expect(bob.home.text(of: "known_peers") == nil)
      receiver.type("n")
      try await declined.expectExit(7)
      #expect(bob.home.text(of: "known_peers") == nil)
      #expect(receiver.output.text.contains(try await fingerprint(stage, alice)))

      let accepted = try stage.sender(alice, at: kdc, to: "bob", file)
      try await receiver.shown("[y/N]", times: 2)
      receiver.type("y")
      try await accepted.expectExit(0)
      try await receiver.expectExit(0)
      #expect(bob.home.text(of: "known_peers")?.contains(" alice ") == true)
    }
  }

  @Test("Ctrl-C at the question ends a receiver as it always does")
  func interruptedQuestion() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try stage.receiver(
        bob, access(bob, kdc, "ask"), ["-o", stage.folder.path("out")], input: .terminal)
      try await receiver.shown("listening on port")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      let sender = try stage.sender(alice, at: kdc, to: "bob", file)
      try await receiver.shown("[y/N]")
      receiver.write([0x03])
      try await receiver.expectExit(130)
      #expect(try await sender.exit() != 0)
      #expect(bob.home.text(of: "known_peers") == nil)
      // The presence was withdrawn on the way out.
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(6)
    }
  }
}
