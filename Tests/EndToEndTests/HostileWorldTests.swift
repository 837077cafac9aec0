import Foundation
import Testing

extension EndToEnd {
  /// What strangers can send to open ports, and what peers can put on a screen.
  @Suite struct HostileWorldTests {}
}

extension EndToEnd.HostileWorldTests {
  /// Things that are no message of any protocol of ours, for streams and datagrams.
  private static let garbage: [[UInt8]] =
    [
      [0], [0, 0], [0xff, 0xff], [0, 100, 1, 3, 7], [0x10, 0x01] + randomBytes(4097),
      Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8),
      [0x16, 0x03, 0x01, 0x02, 0x00, 0x01] + randomBytes(512),
      // Frames of peers: a length without content, more than allowed, an unknown type.
      [1, 0, 0xff, 0xff, 7], [1, 0, 1, 203] + randomBytes(459), [4, 0xff, 0xff, 0xff],
      [255, 0, 0, 1, 0], [3, 0, 0, 16] + randomBytes(16), [1, 0, 0, 0],
    ]
    // Frames and datagrams of every type of the KDC's, with nothing of what belongs in them.
    + (0...9).map { [0, 42, 1, UInt8($0)] + randomBytes(40) }
    + (0...9).map { [1, UInt8($0)] + randomBytes(40) }
    + [1, 2, 17, 100, 2000].map(randomBytes)

  @Test("Garbage on every port, and everybody is served on, silently")
  func garbageEverywhere() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(1000)
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let saidBefore = receiver.errors.text
      let line = try await receiver.said("listening on port")
      let port = try #require(line.split(separator: " ").compactMap { UInt16($0) }.first)

      let datagrams = try ClientSocket(kdc.port, isDatagram: true)
      var open: [ClientSocket] = []
      for bytes in Self.garbage {
        datagrams.send(bytes)
        for target in [kdc.port, port] {
          let closed = try ClientSocket(target)
          closed.send(bytes)
          // Half of them wait for what will not come, half say that nothing will.
          let waiting = try ClientSocket(target)
          waiting.send(bytes)
          waiting.finishSending()
          open.append(waiting)
        }
      }
      datagrams.send(randomBytes(60_000))
      let file = try stage.folder.put(content, at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      #expect(receiver.errors.text.hasPrefix(saidBefore))
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == content)
      let said = receiver.errors.lines.dropFirst(saidBefore.split(separator: "\n").count)
      #expect(said.allSatisfy { $0.contains("alice") }, "\(said)")
      #expect(!datagrams.hasInput)
      #expect(kdc.program.exitStatus == nil)
    }
  }

  @Test("Many connections that say nothing keep nobody out")
  func manyConnections() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let line = try await receiver.said("listening on port")
      let port = try #require(line.split(separator: " ").compactMap { UInt16($0) }.first)
      let idle = try (0..<150).flatMap { _ in try [ClientSocket(kdc.port), ClientSocket(port)] }
      let file = try stage.folder.put([1], at: "in")
      try await stage.sender(alice, at: kdc, to: "bob", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(idle.count == 300)
    }
  }

  @Test(
    "The name of a file is shown so that it cannot pose as anything else",
    arguments: [
      ("\u{1b}[2J\u{1b}[31mred.txt", "\u{1b}"),
      ("line\nlistening on port 1 as root", "\nlistening on port 1 "),
      ("invoice\u{202e}fdp.exe", "\u{202e}"), ("bell\u{7}.txt", "\u{7}"), ("a\rb", "\r"),
      ("zero\u{200b}width", "\u{200b}"), ("c1\u{9b}31m", "\u{9b}"),
    ])
  func hostileNames(name: String, forbidden: String) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let file = try stage.folder.put([1], at: name)
      let sender = try stage.sender(alice, at: kdc, to: "bob", file)
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      for program in [sender, receiver] {
        #expect(!program.errors.text.unicodeScalars.contains(forbidden.unicodeScalars))
      }
      // Told once, and sent under a clean name.
      #expect(sender.errors.text.contains("\\u{"), "\(sender.errors.text)")
      #expect(!receiver.errors.text.contains("\\u{"), "\(receiver.errors.text)")
    }
  }

  @Test("Hostile text in arguments comes back escaped")
  func hostileArguments() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let access = Stage.Access(alice, at: kdc)
      for path in ["\u{1b}[2Jmissing", "missing\u{202e}"] {
        let sender = try stage.sender(alice, access, to: "bob", path)
        try await sender.expectExit(9)
        #expect(!sender.errors.text.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" })
      }
    }
  }
}
