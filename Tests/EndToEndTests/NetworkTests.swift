import Foundation
import Synchronization
import Testing

extension EndToEnd {
  /// A network that does not let everything through, and a KDC that does not run all the time.
  @Suite struct NetworkTests {}
}

extension EndToEnd.NetworkTests {
  @Test("UDP is blocked: everything goes by TCP", arguments: [true, false])
  func datagramsBlocked(areSwallowed: Bool) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let forwarder = try StreamForwarder(to: kdc.port)
      // Either datagrams vanish, or the kernel tells that nobody is there.
      let swallower = areSwallowed ? try ServerSocket(forwarder.port, isDatagram: true) : nil
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      func access(_ user: User) -> Stage.Access {
        var access = Stage.Access(user, at: kdc)
        access.port = forwarder.port
        return access
      }
      let content = randomBytes(1000)
      let receiver = try stage.receiver(bob, access(bob), ["-o", stage.folder.path("out")])
      try await receiver.said("listening on port")
      let file = try stage.folder.put(content, at: "in")
      try await stage.sender(alice, access(alice), to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      try await kdc.logged(" key-issued ", " name=alice for=bob ")
      #expect(forwarder.connectionCount >= 2)
      if let swallower { #expect(swallower.hasInput) }
    }
  }

  @Test("The KDC restarts: receivers stay present and their tickets stay good")
  func restart() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(1000)
      let receiver = try await stage.listening(bob, at: first, ["-o", stage.folder.path("out")])
      try await first.stop()
      let second = try await stage.kdc(port: first.port)
      #expect(second.word == first.word)
      let file = try stage.folder.put(content, at: "in")
      try await stage.sender(alice, at: second, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      // With the ticket-granting ticket of before the restart.
      try await second.logged(" withdrawn name=bob ")
      #expect(second.log.components(separatedBy: " logged-in name=bob ").count == 2)
    }
  }

  @Test("The KDC is killed: who was registered still is")
  func killed() async throws {
    try await Stage.with { stage in
      let first = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: first, ["-o", stage.folder.path("out")])
      first.program.signal(SIGKILL)
      try await first.program.expectExit(128 + SIGKILL)
      let second = try await stage.kdc(port: first.port)
      let file = try stage.folder.put([1], at: "in")
      try await stage.sender(alice, at: second, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(second.log.components(separatedBy: " registered name=bob ").count == 2)
    }
  }

  @Test("No KDC at all: exit 3")
  func nobodyThere() async throws {
    try await Stage.with { stage in
      let alice = try stage.user("alice")
      let free = try ServerSocket().port
      let options = ["--accept-new-kdc", "--passphrase-file", alice.passphraseFile]
      var access = Stage.Access(port: free, options)
      let refused = try stage.sender(alice, access, to: "bob", "/dev/null")
      try await refused.expectExit(3)
      #expect(refused.errors.text.contains("127.0.0.1:\(free)"))
      access.host = "no-such-host.invalid"
      try await stage.sender(alice, access, to: "bob", "/dev/null").expectExit(3)
    }
  }

  @Test("What answers is no KDC: exit 3")
  func notAKDC() async throws {
    try await Stage.with { stage in
      let alice = try stage.user("alice")
      let server = try ServerSocket()
      Thread.detachNewThread {
        let accepted = accept(server.descriptor, nil, nil)
        guard accepted >= 0 else { return }
        ClientSocket(adopting: accepted).send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
      }
      let access = Stage.Access(
        port: server.port, ["--accept-new-kdc", "--passphrase-file", alice.passphraseFile])
      try await stage.sender(alice, access, to: "bob", "/dev/null").expectExit(3)
      #expect(!FileManager.default.fileExists(atPath: alice.home.path("known_kdcs")))
    }
  }

  @Test("A receiver's port that is taken is told")
  func portTaken() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let bob = try stage.user("bob")
      let taken = try ServerSocket()
      let receiver = try stage.start(
        .client,
        ["-n", "bob", "-m", "R", "-l", "\(taken.port)"] + Stage.Access(bob, at: kdc).arguments,
        home: bob.home)
      #expect(try await receiver.exit() != 0)
      #expect(receiver.errors.text.contains("\(taken.port)"))
    }
  }

  @Test("A second receiver of the same name takes over")
  func superseded() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(1000)
      let first = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("first")])
      let second = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("second")])
      let file = try stage.folder.put(content, at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await second.expectExit(0)
      #expect(stage.folder.bytes(of: "second") == content)
      #expect(stage.folder.bytes(of: "first") == nil)
      #expect(first.exitStatus == nil)
    }
  }
}
