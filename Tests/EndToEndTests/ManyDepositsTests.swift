import Foundation
import Testing

extension EndToEnd {
  /// A box with very much in it.
  @Suite struct ManyDepositsTests {}
}

extension EndToEnd.ManyDepositsTests {
  @Test("A thousand messages in one box come out as they went in, each once, and leave nothing")
  func thousand() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (
        try await stage.loggedIn("alice", at: kdc), try await stage.loggedIn("bob", at: kdc)
      )
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      let lines = (1...1000).map { "message \($0)" }
      let access = ["-a", "127.0.0.1", "-p", "\(kdc.port)"]
      let chat = try stage.start(
        .client, ["chat", "-r", "bob", "--via", "post", "-n", "alice"] + access,
        home: alice.home, input: .pipe)
      chat.write(Array((lines.joined(separator: "\n") + "\n").utf8))
      chat.closeInput()
      #expect(try await chat.exit(within: .seconds(300)) == 0, "\(chat.report)")
      try await mailbox.said("stored number 1000 from alice for bob")

      let fetch = try stage.start(
        .client, ["fetch", "--accept-from", "alice", "-n", "bob", "--from", "post"] + access,
        home: bob.home)
      #expect(try await fetch.exit(within: .seconds(300)) == 0, "\(fetch.errors.text.suffix(500))")
      #expect(fetch.output.lines == lines)
      try await mailbox.said("number 1000 is collected by bob")
      let boxes = stage.folder.path("post.spool/boxes")
      #expect(try FileManager.default.contentsOfDirectory(atPath: boxes).isEmpty)
      let again = try stage.start(
        .client, ["fetch", "--accept-all", "-n", "bob", "--from", "post"] + access,
        home: bob.home)
      try await again.expectExit(0)
      #expect(again.output.text.isEmpty)
    }
  }
}
