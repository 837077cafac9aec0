import Testing

extension EndToEnd {
  /// Command lines that make no sense are told as such, before anything happens.
  @Suite struct UsageTests {}
}

extension EndToEnd.UsageTests {
  private static let place = ["-a", "127.0.0.1", "-p", "7000"]
  private static let receiver = ["-n", "bob", "-m", "R"] + place
  private static let sender =
    ["-n", "alice", "-m", "S", "-r", "bob", "-i", "/dev/null"] + place

  @Test(
    "Wrong usage of the client ends with 64",
    arguments: [
      [],
      // Something is missing.
      ["-m", "R"] + place, ["-n", "bob"] + place, ["-n", "bob", "-m", "R", "-a", "127.0.0.1"],
      ["-n", "bob", "-m", "R", "-p", "7000"], ["-n", "alice", "-m", "S", "-r", "bob"] + place,
      ["-n", "alice", "-m", "S", "-i", "/dev/null"] + place, receiver + ["-o"],
      // Something makes no sense.
      ["-n", "bob", "-m", "X"] + place, ["-n", "Bob", "-m", "R"] + place,
      ["-n", "", "-m", "R"] + place, ["-n", ".bob", "-m", "R"] + place,
      ["-n", String(repeating: "b", count: 65), "-m", "R"] + place,
      ["-n", "bob\u{1b}[2J", "-m", "R"] + place,
      ["-n", "alice", "-m", "S", "-r", "Bob", "-i", "/dev/null"] + place,
      ["-n", "bob", "-m", "R", "-a", "127.0.0.1", "-p", "0"],
      ["-n", "bob", "-m", "R", "-a", "127.0.0.1", "-p", "65536"],
      ["-n", "bob", "-m", "R", "-a", "127.0.0.1", "-p", "x"],
      ["-n", "bob", "-m", "R", "-a", "", "-p", "7000"],
      receiver + ["-l", "65536"], receiver + ["-o", ""],
      receiver + ["--kdc-key", "trent1nonsense"],
      receiver + ["--kdc-key", ""], receiver + ["--passphrase-file", ""],
      receiver + ["--nonsense"], receiver + ["more"],
      // One contradicts the other.
      receiver + ["-r", "alice"], receiver + ["-i", "/dev/null"], sender + ["-o", "out"],
      sender + ["-l", "0"],
      ["-n", "alice", "-m", "S", "-r", "bob", "-i", "-", "--passphrase-file", "-"] + place,
      ["-n", "alice", "-m", "S", "-r", "alice", "-i", "/dev/null"] + place,
      receiver + ["--new-peer", "perhaps"],
      // The commands.
      ["receive", "--keep", "-n", "bob", "-o", "file"] + place,
      ["receive", "--keep", "-n", "bob", "-s", "file"] + place,
      ["receive", "--exec", "", "-n", "bob"] + place,
      ["receive", "--exec", "cat", "-d", ".", "-n", "bob"] + place,
      ["receive", "--exec", "cat", "-o", "file", "-n", "bob"] + place,
      ["receive", "--exec", "cat", "--rename", "-n", "bob"] + place,
      ["peers", "nonsense"], ["peers", "verify"], ["peers", "forget", "Bob", "--yes"],
      ["peers", "verify", "bob", "--fingerprint", "abcd"],
      ["peers", "forget", "bob", "--yes", "-a", "127.0.0.1"],
      ["peers", "forget", "bob", "--kdc-key", "trent1nonsense"],
      ["identity", "nonsense"], ["identity", "show", "-n", "Bob"], ["identity", "export"],
      ["identity", "export", "-n", "bob", "-o", ""],
      ["identity", "import", "-n", "bob", "-i", ""],
      ["identity", "import", "-n", "bob", "-i", "file", "--passphrase-file", "-"]
        + ["--export-passphrase-file", "-"],
    ])
  func usage(arguments: [String]) async throws {
    try await Stage.with { stage in
      let home = stage.folder.path("home")
      let client = try stage.start(.client, arguments, home: Folder(notYetAt: home))
      try await client.expectExit(64)
      #expect(client.output.text.isEmpty)
      #expect(!client.errors.text.isEmpty)
      #expect(!client.errors.text.contains("\u{1b}"))
      #expect(stage.folder.entries == [])
    }
  }

  @Test(
    "help COMMAND is COMMAND --help",
    arguments: [
      (ProgramFile.client, "send"), (.client, ""), (.kdc, "invite"), (.kdc, ""),
    ])
  func helpAsAWord(program: ProgramFile, command: String) async throws {
    try await Stage.with { stage in
      let words = command.isEmpty ? [] : [command]
      let asked = try stage.start(program, ["help"] + words)
      let told = try stage.start(program, words + ["--help"])
      try await asked.expectExit(0)
      try await told.expectExit(0)
      #expect(asked.output.text == told.output.text)
      #expect(asked.output.text.contains("USAGE:"))
    }
  }

  @Test(
    "What cannot be written to standard output is told, and is no success",
    arguments: [["identity"], ["--help"], ["peers"], ["chat", "--help"]])
  func outputIsGone(arguments: [String]) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try await stage.loggedIn("alice", at: kdc)
      let bob = try await stage.loggedIn("bob", at: kdc)
      let receiver = try await stage.receiving(bob, at: kdc, into: try stage.folder.folder("in"))
      try await stage.send(alice, at: kdc, ["--text", "hi"]).expectExit(0)
      try await receiver.expectExit(0)
      let client = try stage.start(
        .client, arguments, home: alice.home, outputGoesNowhere: true)
      try await client.expectExit(9)
      #expect(client.errors.text.contains("Standard output cannot be written: Broken pipe."))
    }
  }

  @Test("--help tells every exit code", arguments: [3, 4, 5, 6, 7, 8, 9, 10, 11, 64])
  func help(code: Int) async throws {
    try await Stage.with { stage in
      let client = try stage.start(.client, ["--help"])
      try await client.expectExit(0)
      let lines = client.output.text.split(separator: "\n")
      #expect(lines.contains { $0.firstMatch(of: #/^ *(\d+)  \w/#)?.1 == "\(code)" })
    }
  }
}
