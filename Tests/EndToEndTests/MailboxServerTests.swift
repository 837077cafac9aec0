import Foundation
import KeyDistribution
import MailboxService
import Testing
import Wire

@testable import TrentClient

extension EndToEnd {
  /// The program `mailbox`, asked by those who may and those who may not.
  @Suite struct MailboxServerTests {}
}

extension EndToEnd.MailboxServerTests {
  @Test("What is left is on the disk, its receiver lists, fetches and collects it, others nothing")
  func served() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      var mallory = try MailboxVisitor(try stage.user("mallory"), at: kdc)

      let parcel = try Parcel(for: "bob", randomBytes(300_000))
      var sending = try alice.visit("post")
      #expect(try sending.leave(parcel) == .stored)
      #expect(try sending.ask(parcel.request) == .stored)
      try await mailbox.said("stored number 1 from alice for bob, 300000 bytes")
      // Nobody but bob sees anything of it: not who left it, nor who guesses number and id.
      var guessing = try mallory.visit("post")
      let taking = MailboxRequest.collected(number: 1, parcel.id)
      let fetching = MailboxRequest.fetch(number: 1, offset: 0, byteCount: 1000)
      #expect(try sending.list().isEmpty)
      #expect(try guessing.list().isEmpty)
      for request in [taking, fetching] {
        #expect(try sending.ask(request) == .refused(.notThere))
        #expect(try guessing.ask(request) == .refused(.notThere))
      }

      var receiving = try bob.visit("post")
      let waiting = try #require(try receiving.list().first)
      #expect(waiting.sender == alice.name && waiting.id == parcel.id)
      #expect(try receiving.list(after: 1).isEmpty)
      #expect(try receiving.fetch(waiting) == parcel.body)
      #expect(try receiving.fetch(1, from: 299_990, .max) == [UInt8](parcel.body[299_990...]))
      let beyond = MailboxRequest.fetch(number: 1, offset: 300_000, byteCount: 1)
      #expect(try receiving.ask(beyond) == .refused(.notThere))
      let other = try #require(DepositID(randomBytes(32)))
      #expect(try receiving.ask(.collected(number: 1, other)) == .refused(.notThere))
      #expect(try receiving.ask(taking) == .done)
      #expect(try receiving.ask(taking) == .refused(.notThere))
      #expect(try receiving.list().isEmpty)

      // To oneself nothing is left; whom a receiver refuses is told no more than that.
      #expect(
        try receiving.ask(try Parcel(for: "bob", [1]).request) == .refused(.notTaken))
      #expect(try receiving.ask(.refuse(alice.name)) == .done)
      let second = try Parcel(for: "bob", randomBytes(10))
      #expect(try sending.leave(second) == .refused(.notTaken))
      #expect(try receiving.ask(.allow(alice.name)) == .done)
      #expect(try sending.leave(second) == .stored)
      #expect(try receiving.list().map(\.number) == [2])
      try await stage.stop(mailbox)
    }
  }

  @Test("Several under their own names; one at a time has a spool; one goes on without its KDC")
  func several() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let office = try await Machine.registered("office", at: kdc, on: stage)
      let mailboxes = (
        try await stage.mailbox(post, at: kdc), try await stage.mailbox(office, at: kdc)
      )
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      var there = try bob.visit("post")
      var elsewhere = try bob.visit("office")
      var sending = try alice.visit("office")
      let user = try stage.user("alice")
      let asking = try stage.start(
        .client, ["mailboxes", "-n", "alice"] + Stage.Access(user, at: kdc).arguments,
        home: user.home)
      try await asking.expectExit(0)
      #expect(asking.output.lines == ["office", "post"])
      let thief = try stage.start(
        .mailbox,
        stage.mailboxArguments(post, at: kdc, spool: stage.folder.path("office.spool")),
        home: post.home)
      try await thief.expectExit(1)
      #expect(thief.errors.text.contains("office.spool/lock is locked"))

      try await kdc.stop()
      #expect(try sending.leave(try Parcel(for: "bob", randomBytes(5))) == .stored)
      #expect(try elsewhere.list().count == 1)
      #expect(try there.list().isEmpty)
      try await stage.stop(mailboxes.0)
      try await stage.stop(mailboxes.1, by: SIGINT)
    }
  }

  @Test("Without a ticket, or with one for something else, nobody is told or leaves anything")
  func outsiders() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      let line = try await mailbox.said("listening on port")
      let port = try #require(line.split(separator: " ").compactMap { UInt16($0) }.first)
      for junk in [[0, 0, 0, 0], [1, 0, 0, 200] + randomBytes(200), [3, 0, 0, 1, 2]] {
        let socket = try ClientSocket(port)
        socket.send(junk)
        socket.finishSending()
        #expect(socket.receive() == nil)
      }
      let alice = try stage.user("alice")
      var visitor = try MailboxVisitor(alice, at: kdc)
      #expect(throws: ClientFailure.self) { _ = try visitor.visit("post", with: .session) }
      let sender = try stage.sender(
        alice, at: kdc, to: "post", try stage.folder.put([1, 2, 3], at: "in"))
      try await sender.expectExit(6)
      // And a receiver takes no ticket for a service.
      let bob = try await stage.listening(
        try stage.user("bob"), at: kdc, ["-o", stage.folder.path("out")])
      #expect(throws: ClientFailure.self) { _ = try visitor.visit("bob", with: .service) }
      bob.signal(SIGTERM)
      let spool = Folder(notYetAt: stage.folder.path("post.spool"))
      #expect(spool.allFiles.sorted() == ["lock", "numbers"].map { spool.path($0) })

      var visit = try visitor.visit("post")
      #expect(try visit.list().isEmpty)
      try await stage.stop(mailbox)
    }
  }

  @Test("What is no request, or more bytes than are due, ends that session and no other")
  func misbehaving() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      var mallory = try MailboxVisitor(try stage.user("mallory"), at: kdc)
      let parcel = try Parcel(for: "bob", randomBytes(100))
      for junk in [
        [], [0], [9], [2, 1], MailboxRequest.fetch(number: 1, offset: 0, byteCount: 0).encoded(),
        MailboxRequest.leave(for: parcel.receiver, parcel.id, byteCount: 0).encoded(),
      ] as [[UInt8]] {
        var visit = try mallory.visit("post")
        try visit.say(junk)
        #expect(throws: ClientFailure.self) { _ = try visit.hear() }
      }
      for bad in [[], [UInt8](repeating: 1, count: 101)] {
        var visit = try mallory.visit("post")
        #expect(try visit.ask(parcel.request) == .goOn(offset: 0))
        try visit.say(bad)
        #expect(throws: ClientFailure.self) { _ = try visit.hear() }
      }
      // A promise that is more than there may be.
      var visit = try mallory.visit("post")
      let huge = MailboxRequest.leave(for: parcel.receiver, parcel.id, byteCount: .max)
      #expect(try visit.ask(huge) == .refused(.tooLarge))
      #expect(try visit.leave(parcel) == .stored)
      try await stage.stop(mailbox)
    }
  }

  @Test("One user has four sessions at a time; a further one is told busy, others are served")
  func busy() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      var mallory = try MailboxVisitor(try stage.user("mallory"), at: kdc)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var first = try mallory.visit("post")
      var second = try mallory.visit("post")
      var third = try mallory.visit("post")
      var fourth = try mallory.visit("post")
      #expect(try first.list().isEmpty)
      #expect(try second.list().isEmpty)
      #expect(try third.list().isEmpty)
      #expect(try fourth.list().isEmpty)
      var fifth = try mallory.visit("post")
      #expect(try fifth.ask(.list(after: 0)) == .refused(.busy))
      var other = try alice.visit("post")
      #expect(try other.list().isEmpty)
      #expect(try first.list().isEmpty)
      try await mailbox.said("refused mallory: too many sessions at once")
      try await stage.stop(mailbox)
    }
  }

  @Test("HOSTILE G 24: where there is no room for pins, who is new is served all the same")
  func fullPins() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      var carol = try MailboxVisitor(try stage.user("carol"), at: kdc)
      var visit = try alice.visit("post")
      #expect(try visit.list().isEmpty)
      let pins = try #require(post.home.text(of: "known_peers"))
      #expect(pins.split(separator: "\n").count == 1)
      let line = "#" + String(repeating: "x", count: 62) + "\n"
      let full = pins + String(repeating: line, count: ((4 << 20) - pins.utf8.count) / 64)
      try post.home.put(Array(full.utf8), at: "known_peers", mode: 0o600)
      for _ in 1...2 {
        visit = try alice.visit("post")
        #expect(try visit.list().isEmpty)
        visit = try bob.visit("post")
        #expect(try visit.leave(try Parcel(for: "dave", [1])) == .stored)
        visit = try carol.visit("post")
        #expect(try visit.list().isEmpty)
      }
      #expect(post.home.text(of: "known_peers") == full)
      #expect(mailbox.errors.text.split(separator: "\n").count { $0.contains("is full") } == 1)
      try await stage.stop(mailbox)
    }
  }

  @Test("HOSTILE G 24: whom a receiver refuses brings nothing more of what it has begun")
  func refusedMidway() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(post, at: kdc)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      let (begun, broken) = (
        try Parcel(for: "bob", randomBytes(200_000)), try Parcel(for: "bob", randomBytes(100))
      )
      var lost = try alice.visit("post")
      #expect(try lost.ask(broken.request) == .goOn(offset: 0))
      try lost.bring(broken, from: 0, to: 50)
      var visit = try alice.visit("post")
      #expect(try visit.ask(begun.request) == .goOn(offset: 0))
      try visit.bring(begun, from: 0, to: 100_000)
      // Their end is known to be seen when their names are on the disk.
      let spool = Folder(notYetAt: stage.folder.path("post.spool/incoming"))
      try await eventually("both on the disk") { spool.allFiles.count == 2 ? () : nil }
      lost = try alice.visit("post")
      try await mailbox.said("The session with alice broke off")
      var refusing = try bob.visit("post")
      #expect(try refusing.ask(.refuse(alice.name)) == .done)
      try visit.bring(begun, from: 100_000)
      #expect(try visit.hear() == .refused(.notTaken))
      #expect(try lost.ask(broken.request) == .refused(.notTaken))
      try await eventually("nothing of it on the disk") { spool.allFiles.isEmpty ? () : nil }
      #expect(try refusing.list().isEmpty)
      try await stage.stop(mailbox)
    }
  }

  @Test("HOSTILE G 24: where this machine has no thread left, a peer is told busy, and it is said")
  func noThreadLeft() async throws {
    guard try await Strace.isUsable() else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      // Each thread has a count of its own, and the first one starts all the others.
      let traced = try TracedProgram(
        Strace.command(tracing: "clone3", on: [], injecting: ["clone3:error=EAGAIN:when=3"])
          + ["/usr/bin/env", "TRENT_HOME=\(post.home.path)", ProgramFile.mailbox.path]
          + stage.mailboxArguments(post, at: kdc))
      try await eventually("a mailbox", report: traced.errors.text) {
        traced.errors.text.contains("listening on port") ? () : nil
      }
      // One of them meets the shortage.
      var answers: [MailboxReply] = []
      for _ in 1...3 {
        var visit = try alice.visit("post")
        answers.append(try visit.ask(.list(after: 0)))
      }
      let nothing = MailboxReply.waiting([], hasMore: false)
      #expect(answers.count { $0 == .refused(.busy) } == 1, "\(traced.errors.text)")
      #expect(answers.count { $0 == nothing } == 2)
      #expect(traced.errors.text.contains("refused alice: this machine has no thread left"))
      traced.kill()
      _ = try await traced.end()
    }
  }

  @Test("Wrong usage ends with 64; a key file or a spool that cannot be used, with 9")
  func usage() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let whole = stage.mailboxArguments(post, at: kdc)
      func expect(_ status: Int32, _ arguments: [String]) async throws {
        try await stage.start(.mailbox, arguments, home: post.home).expectExit(status)
      }
      for name in ["--key-file", "--spool", "-a", "-p"] {
        let place = try #require(whole.firstIndex(of: name))
        var less = whole
        less.removeSubrange(place...place + 1)
        try await expect(64, less)
      }
      try await expect(64, whole + ["-n", "office"])
      try await expect(64, whole + ["more"])
      try await expect(64, whole + ["--announce", "no:such:place"])
      try await expect(9, whole + ["--key-file", stage.folder.path("none")])
      try stage.folder.put([1], at: "file")
      try await expect(9, whole + ["--spool", stage.folder.path("file")])
      let help = try stage.start(.mailbox, ["--help"])
      try await help.expectExit(0)
      for word in ["--spool", "--max-total", "--keep-for", "EXIT STATUS"] {
        #expect(help.output.text.contains(word))
      }
    }
  }

  @Test("A session in which nothing is said for a minute ends, and makes room")
  func idle() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let clock = try QuickClock(factor: 20, in: stage.folder)
      let mailbox = try stage.start(
        .mailbox, stage.mailboxArguments(post, at: kdc), home: post.home,
        environment: clock.environment)
      try await mailbox.said("listening on port")
      var mallory = try MailboxVisitor(try stage.user("mallory"), at: kdc)
      var first = try mallory.visit("post")
      #expect(try first.list().isEmpty)
      let parcel = try Parcel(for: "bob", randomBytes(100))
      #expect(try first.ask(parcel.request) == .goOn(offset: 0))
      #expect(throws: ClientFailure.self) { _ = try first.hear() }
      try await mailbox.said("The session with mallory broke off")
      var second = try mallory.visit("post")
      #expect(try second.leave(parcel) == .stored)
      try await stage.stop(mailbox)
    }
  }

  @Test("Started a second time elsewhere, the former ends by the KDC's word")
  func superseded() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let clock = try QuickClock(factor: 20, in: stage.folder)
      let former = try stage.start(
        .mailbox, stage.mailboxArguments(post, at: kdc), home: post.home,
        environment: clock.environment)
      try await former.said("listening on port")
      let latter = try await stage.mailbox(post, at: kdc, spool: stage.folder.path("other"))
      try await former.expectExit(1)
      #expect(former.errors.text.contains("another login of post receives now"))
      try await stage.stop(latter)
    }
  }

  @Test("Limits of the command line: a box, a sender, a deposit, and how long it waits")
  func limits() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try await stage.mailbox(
        post, at: kdc,
        ["--max-deposit", "1K", "--max-box", "5000", "--max-sender", "2K", "--max-count", "8"])
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var visit = try alice.visit("post")
      func leave(_ count: Int, for receiver: String, _ visit: inout MailboxVisit) throws
        -> MailboxReply
      {
        try visit.leave(try Parcel(for: receiver, randomBytes(count)))
      }
      #expect(try leave(1025, for: "bob", &visit) == .refused(.tooLarge))
      #expect(try leave(1024, for: "bob", &visit) == .stored)
      #expect(try leave(500, for: "bob", &visit) == .refused(.notTaken))
      #expect(try leave(200, for: "bob", &visit) == .stored)
      // One sender has a quarter of a box.
      #expect(try leave(1, for: "bob", &visit) == .refused(.notTaken))
      #expect(try leave(900, for: "carol", &visit) == .refused(.notTaken))
      #expect(try leave(800, for: "carol", &visit) == .stored)
      try await stage.stop(mailbox)
      for bad in [
        ["--keep-for", "33d"], ["--keep-for", "soon"], ["--max-count", "0"], ["--max-box", "x"],
        ["--max-count", "200001"],
      ] {
        let refused = try stage.start(
          .mailbox, stage.mailboxArguments(post, at: kdc) + bad, home: post.home)
        try await refused.expectExit(64)
      }
      let second = try await stage.mailbox(post, at: kdc, ["--keep-for", "1s"])
      try await eventually("the end of all deposits") {
        Folder(notYetAt: stage.folder.path("post.spool/boxes")).allFiles.isEmpty ? () : nil
      }
      try await stage.stop(second)
    }
  }
}
