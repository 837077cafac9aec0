import FileTransfer
import Foundation
import Testing

extension EndToEnd {
  /// A receiver that stays: `client receive --keep`.
  @Suite struct KeepTests {}
}

extension EndToEnd.KeepTests {
  private static func size(_ path: String) -> Int {
    ((try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int) ?? 0
  }

  @Test(
    "Several transfers at once, one after the other; a signal ends it well",
    arguments: [
      SIGTERM, SIGINT,
    ])
  func several(signal: Int32) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received)
      let (alice, carol) = (
        try await stage.loggedIn("alice", at: kdc),
        try await stage.loggedIn("carol", at: kdc)
      )
      // The stream stands still for as long as the others come and go.
      let held = try await stage.stream(alice, at: kdc, to: receiver, number: 1)
      for round in 1...2 {
        var senders: [Program] = []
        var contents: [String: [UInt8]] = [:]
        for user in [alice, carol] {
          let name = "\(user.name) \(round)"
          let content = randomBytes(5_000_000)
          contents[name] = content
          let file = try stage.folder.put(content, at: name)
          senders.append(try stage.send(user, at: kdc, [file]))
        }
        for sender in senders { try await sender.expectExit(0) }
        for (name, content) in contents { #expect(received.bytes(of: name) == content) }
      }
      held.write([1, 2, 3])
      held.closeInput()
      try await held.expectExit(0)
      #expect(received.bytes(of: "stdin") == [1, 2, 3])
      try await stage.stop(receiver, by: signal)
      try await kdc.logged(" withdrawn name=bob ")
      try await stage.send(alice, at: kdc, [stage.folder.path("alice 1")]).expectExit(6)
    }
  }

  @Test("What a signal breaks off is kept, and gone on with by the next receiver")
  func brokenOff() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let first = try await stage.serving(at: kdc, into: received)
      let alice = try await stage.loggedIn("alice", at: kdc)
      let file = try stage.folder.put(randomBytes(64 << 20), at: "file")
      let sender = try stage.send(alice, at: kdc, [file])
      try await eventually("some of the file") {
        received.allFiles.contains { Self.size($0) > 1 << 20 } ? () : nil
      }
      sender.signal(SIGSTOP)
      try await stage.stop(first)
      sender.signal(SIGCONT)
      try await sender.expectExit(8)
      let before = received.allFiles.count
      #expect(before > 0)
      let second = try await stage.serving(at: kdc, into: received)
      try await stage.send(alice, at: kdc, [file]).expectExit(0)
      #expect(received.bytes(of: "file") == stage.folder.bytes(of: "file"))
      try await stage.stop(second)
      #expect(received.entries == ["file"])
    }
  }

  @Test("One sender has two transfers at once, and all of them eight; who is too many is told")
  func limits() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(try stage.unbraked())
      let received = try stage.folder.folder("received")
      // Without the memory that hashing a passphrase takes.
      let bob = try await stage.loggedIn("bob", at: kdc)
      let receiver = try stage.start(
        .client,
        ["receive", "--keep", "--accept-all", "--rename", "-d", received.path, "-n", "bob"]
          + ["-l", "0", "-a", "127.0.0.1", "-p", "\(kdc.port)"], home: bob.home)
      try await receiver.said("listening on port")
      let file = try stage.folder.put([1], at: "file")
      var held: [Program] = []
      var users: [User] = []
      for name in ["alice", "carol", "dave", "erin"] {
        let user = try await stage.loggedIn(name, at: kdc)
        users.append(user)
        for _ in 1...2 {
          held.append(
            try await stage.stream(user, at: kdc, to: receiver, number: held.count + 1))
        }
        let third = try stage.send(user, at: kdc, [file])
        try await third.expectExit(7)
        #expect(third.errors.text.contains("busy"))
      }
      let frank = try await stage.loggedIn("frank", at: kdc)
      try await stage.send(frank, at: kdc, [file]).expectExit(7)
      #expect(received.bytes(of: "file") == nil)
      for (number, sender) in held.enumerated() {
        sender.write([UInt8](repeating: UInt8(number), count: 4 << 20))
        #expect(receiver.exitStatus == nil)
        sender.closeInput()
      }
      for sender in held { try await sender.expectExit(0) }
      for user in users + [frank] { try await stage.send(user, at: kdc, [file]).expectExit(0) }
      let contents = received.entries.filter { $0.hasPrefix("stdin") }.map {
        received.bytes(of: $0)
      }
      #expect(Set(contents.map { $0?.first }) == Set((0..<8).map { UInt8($0) }))
      #expect(contents.count == 8)
      #expect(contents.allSatisfy { $0?.count == 4 << 20 && Set($0 ?? []).count == 1 })
      #expect(receiver.peakMemory > 0)
      #expect(receiver.peakMemory < 80 << 20, "\(receiver.peakMemory)")
      try await stage.stop(receiver)
    }
  }

  @Test("Two senders give the same name at once: one gets it, and nothing is mixed")
  func sameName() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received)
      let contents = [randomBytes(3_000_000), randomBytes(3_000_000)]
      var senders: [Program] = []
      for (number, name) in ["alice", "carol"].enumerated() {
        let user = try await stage.loggedIn(name, at: kdc)
        senders.append(try await stage.stream(user, at: kdc, to: receiver, number: number + 1))
      }
      for (sender, content) in zip(senders, contents) { sender.write(content) }
      for sender in senders { sender.closeInput() }
      let ends = [try await senders[0].exit(), try await senders[1].exit()]
      #expect(ends.sorted() == [0, 7])
      #expect(received.bytes(of: "stdin") == contents[ends[0] == 0 ? 0 : 1])
      try await stage.stop(receiver)
    }
  }

  @Test("Senders who are silent, lie, abort, hang up or want more than two disturb nobody")
  func badSenders() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received)
      let alice = try await stage.loggedIn("alice", at: kdc)
      _ = try await stage.loggedIn("mallory", at: kdc)
      let malicious = try MaliciousKDC(kdc)
      let file = try stage.folder.put(randomBytes(3_000_000), at: "file")
      var round = 0
      func call(_ name: String) throws -> Held {
        Held(try .call("bob", as: "mallory", by: malicious, file: name, size: 100_000))
      }
      /// Whatever goes on, the others are served.
      func expectService() async throws {
        round += 1
        let name = "good \(round)"
        try FileManager.default.copyItem(atPath: file, toPath: stage.folder.path(name))
        try await stage.send(alice, at: kdc, [stage.folder.path(name)]).expectExit(0)
        #expect(received.bytes(of: name) == stage.folder.bytes(of: "file"))
        #expect(receiver.exitStatus == nil)
      }
      try await silence(call, expectService)
      try await expectService()
      for act in 0..<4 {
        // The ones before may not be noticed to have gone.
        let held = try await eventually("room for another one", report: receiver.report) {
          let held = try call("bad \(act)")
          return (try? held.sender.begin()).map { held }
        }
        switch act {
        case 0:
          try held.sender.garbage()
          #expect(try held.sender.receipt().outcome == .failed(.damaged))
        case 1:
          try held.sender.chunk(randomBytes(4096), isLast: true)
          #expect(try held.sender.receipt().outcome == .failed(.damaged))
        case 2: try held.sender.abort()
        default: try held.sender.chunk(randomBytes(4096), isLast: false)
        }
        try await expectService()
      }
      try await stage.stop(receiver)
      #expect(received.entries.allSatisfy { $0.hasPrefix("good") || $0.hasPrefix(".trent-") })
    }
  }

  private final class Held {
    var sender: SenderByHand
    init(_ sender: consuming SenderByHand) { self.sender = sender }
  }

  /// Two who stand still in the middle of list and content, and a third one.
  private func silence(
    _ call: (String) throws -> Held, _ expectService: () async throws -> Void
  ) async throws {
    let (inTheList, inTheContent) = (try call("a"), try call("b"))
    try inTheContent.sender.begin()
    try inTheContent.sender.chunk(randomBytes(4096), isLast: false)
    try await expectService()
    #expect(try call("c").sender.answer() == .refused(.busy))
    try await expectService()
    withExtendedLifetime((inTheList, inTheContent)) {}
  }

  /// No file that it writes may become larger.
  private static func limitFiles(of program: Program, to byteCount: Int) throws {
    let prlimit = Process()
    prlimit.executableURL = URL(filePath: "/usr/bin/prlimit")
    prlimit.arguments = ["--pid", "\(program.processID)", "--fsize=\(byteCount)"]
    try prlimit.run()
    prlimit.waitUntilExit()
    guard prlimit.terminationStatus == 0 else { throw TestProblem("prlimit", code: 0) }
  }

  @Test("A file that the disk does not take concerns its sender alone")
  func fullForOne() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received)
      try Self.limitFiles(of: receiver, to: 2 << 20)
      let alice = try await stage.loggedIn("alice", at: kdc)
      let carol = try await stage.loggedIn("carol", at: kdc)
      let held = try await stage.stream(carol, at: kdc, to: receiver, number: 1)
      let large = try stage.folder.put(randomBytes(8 << 20), at: "large")
      try await stage.send(alice, at: kdc, [large]).expectExit(7)
      held.write(randomBytes(1 << 20))
      held.closeInput()
      try await held.expectExit(0)
      let small = try stage.folder.put(randomBytes(1 << 20), at: "small")
      try await stage.send(alice, at: kdc, [small]).expectExit(0)
      #expect(received.entries.filter { !$0.hasPrefix(".trent-") } == ["small", "stdin"])
      try await stage.stop(receiver)
    }
  }
}
