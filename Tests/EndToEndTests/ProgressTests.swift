import Foundation
import Testing

extension EndToEnd {
  /// How far a transfer is, for people and for scripts.
  @Suite struct ProgressTests {}
}

extension EndToEnd.ProgressTests {
  /// The objects that a program wrote, one a line.
  private func events(_ program: Program) throws -> [[String: Any]] {
    try program.output.text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any])
    }
  }

  @Test("A terminal shows a bar, and it is gone when the last line says what was verified")
  func bar() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.receiving(bob, at: kdc, into: received)
      let file = try stage.folder.put(randomBytes(3_000_000), at: "report.pdf")
      let sender = try stage.sending(alice, at: kdc, to: "bob", [file], input: .terminal)
      try await sender.shown("verified")
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      let shown = sender.output.text
      #expect(shown.contains("\"report.pdf\"  ["))
      #expect(shown.contains("of 3.0 MB"))
      let last = try #require(shown.split(separator: "\n").last)
      #expect(last.contains("\r\u{1B}[K") && last.contains("sent \"report.pdf\" (3000000 bytes)"))
      #expect(last.contains("identity key") && last.contains("every byte"))
      // Without a terminal there is nothing to draw on.
      #expect(!receiver.errors.text.contains("\u{1B}"))
      #expect(receiver.errors.text.contains("verified: the identity key"))
    }
  }

  @Test("--quiet says nothing, but why it failed")
  func quiet() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let output = stage.folder.path("out")
      let receiver = try await stage.listening(bob, at: kdc, ["-o", output])
      let file = try stage.folder.put([1, 2, 3], at: "in")
      for user in [alice] {
        // The first sign-in has something to say of the KDC.
        try await stage.start(
          .client, ["login", "-n", user.name] + Stage.Access(user, at: kdc).arguments,
          home: user.home
        ).expectExit(0)
      }
      let sender = try stage.sending(
        alice, at: kdc, to: "bob", [file, "--quiet"], input: .terminal)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      #expect(sender.output.text == "")
      let failing = try stage.sending(alice, at: kdc, to: "bob", [file, "--quiet"])
      try await failing.expectExit(6)
      #expect(failing.errors.text.hasPrefix("client: bob is not receiving"))
    }
  }

  @Test("--json tells a script what happens, on both sides")
  func json() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--json"])
      let tree = try stage.folder.folder("tree")
      try tree.put(randomBytes(3_000_000), at: "a \"quoted\" näme")
      let sender = try stage.sending(alice, at: kdc, to: "bob", [tree.path, "--json"])
      try await sender.expectExit(0)
      try await receiver.expectExit(0)

      let sent = try events(sender)
      #expect(sent.first?["event"] as? String == "began")
      #expect(sent.first?["direction"] as? String == "send")
      #expect(sent.first?["peer"] as? String == "bob")
      #expect(sent.first?["total"] as? Int == 3_000_000)
      let entries = try #require(sent.first?["entries"] as? [[String: Any]])
      #expect(entries.map { $0["path"] as? String } == ["tree", "tree/a \"quoted\" näme"])
      #expect(entries.map { $0["kind"] as? String } == ["folder", "file"])
      #expect(sent.last?["event"] as? String == "completed")
      #expect(sent.last?["verified"] as? Bool == true)
      #expect(sent.contains { $0["event"] as? String == "progress" })

      let got = try events(receiver)
      #expect(got.first?["event"] as? String == "listening")
      #expect(got.first?["port"] is Int)
      #expect(got.last?["event"] as? String == "completed")
      #expect(got.last?["bytes"] as? Int == 3_000_000)
      #expect(got.last?["names"] as? [String] == ["tree"])

      let failing = try stage.sending(alice, at: kdc, to: "bob", [tree.path, "--json"])
      try await failing.expectExit(6)
      let failed = try events(failing)
      #expect(failed.last?["event"] as? String == "failed")
      #expect(failed.last?["status"] as? Int == 6)
    }
  }

  @Test("--json tells of offers that are refused, and why a transfer broke off")
  func jsonRefusal() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--max-size", "5", "--keep", "--json"])
      let large = try stage.folder.put(randomBytes(6), at: "large")
      try await stage.sending(alice, at: kdc, to: "bob", [large]).expectExit(7)
      let refused = try #require(
        try await eventually("a refusal") {
          try events(receiver).first { $0["event"] as? String == "refused" }
        })
      #expect(refused["peer"] as? String == "alice")
      #expect(refused["reason"] as? String == "larger than --max-size")
      #expect(refused["total"] as? Int == 6)
      let entries = refused["entries"] as? [[String: Any]]
      #expect(entries?.map { $0["path"] as? String } == ["large"])

      // How long a stream is turns out while it comes, be it all in its last chunk.
      let stream = try stage.sending(
        alice, at: kdc, to: "bob", ["-", "--json"], input: .pipe)
      stream.type("123456")
      stream.closeInput()
      try await stream.expectExit(7)
      for side in [stream, receiver] {
        let broken = try await eventually("the end of the stream") {
          try events(side).first { $0["event"] as? String == "broken" }
        }
        #expect((broken["reason"] as? String)?.contains("arger") == true)
      }
      #expect(received.entries == [])
    }
  }

  @Test("With --json a text is an event, and standard output carries nothing else")
  func jsonText() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.receiving(
        bob, at: kdc, into: received, ["--accept-all", "--json"])
      let text = "one\ntwo \u{1B}[2J"
      try await stage.sending(alice, at: kdc, to: "bob", ["--text", text]).expectExit(0)
      try await receiver.expectExit(0)
      let told = try events(receiver).first { $0["event"] as? String == "text" }
      #expect(told?["text"] as? String == text)
      #expect(!receiver.output.text.contains("\u{1B}"))

      let both = try stage.receiver(
        bob, Stage.Access(bob, at: kdc), ["-o", "-", "--json"])
      try await both.expectExit(64)
      #expect(both.errors.text.contains("--json"))
    }
  }
}
