import Foundation
import MailboxService
import Synchronization
import Testing
import Wire

@testable import TrentClient

extension EndToEnd {
  /// A mailbox that is killed, or whose disk fails, while deposits come in.
  @Suite struct MailboxCrashTests {}
}

extension EndToEnd.MailboxCrashTests {
  /// Leaves one thing after the other for bob, until the mailbox is gone.
  ///
  /// - Returns: what was acknowledged.
  private func leaveUntilGone(_ visit: consuming MailboxVisit, sizes: [Int]) -> [Parcel] {
    var visit = visit
    var acknowledged: [Parcel] = []
    for size in sizes {
      guard let parcel = try? Parcel(for: "bob", randomBytes(size)),
        (try? visit.leave(parcel)) == .stored
      else { break }
      acknowledged.append(parcel)
    }
    return acknowledged
  }

  /// Everything that was acknowledged waits for bob, and of the rest nothing that is not whole.
  private func expectAll(
    _ acknowledged: [Parcel], for bob: inout MailboxVisitor, _ mailbox: Program
  ) throws {
    var visit = try bob.visit("post")
    let waiting = try visit.list()
    #expect(Set(waiting.map(\.number)).count == waiting.count)
    let there = Dictionary(grouping: waiting, by: \.id)
    for parcel in acknowledged {
      let deposit = try #require(there[parcel.id]?.first, "\(mailbox.report)")
      #expect(try visit.fetch(deposit) == parcel.body)
    }
    for deposit in waiting { #expect(try visit.fetch(deposit).count == deposit.byteCount) }
    #expect(!mailbox.errors.text.contains("damaged"), "\(mailbox.report)")
  }

  @Test("HOSTILE D 18: killed at any moment while many leave, it loses nothing acknowledged")
  func killedAnytime() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let post = try await Machine.registered("post", at: kdc, on: stage)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      let names = ["alice", "carol", "dave"]
      for name in names { _ = try MailboxVisitor(try stage.user(name), at: kdc) }
      var acknowledged: [Parcel] = []
      for round in 1...6 {
        let mailbox = try await stage.mailbox(post, at: kdc)
        let count = Mutex(0)
        let users = try names.map { try stage.user($0) }
        let results = await onThreads(names.count) { number -> [[Parcel]] in
          guard var visitor = try? MailboxVisitor(users[number], at: kdc),
            var visit = try? visitor.visit("post")
          else { return [] }
          var stored: [Parcel] = []
          // Sizes on either side of what travels in a record.
          for size in (0..<200).map({ 1 + ($0 * 7919 + round * 31) % 150_000 }) {
            guard let parcel = try? Parcel(for: "bob", randomBytes(size)),
              (try? visit.leave(parcel)) == .stored
            else { break }
            stored.append(parcel)
            let all = count.withLock { count in
              count += 1
              return count
            }
            if all == 5 * round { mailbox.signal(SIGKILL) }
          }
          return [stored]
        }
        _ = try await mailbox.exit()
        acknowledged += results.joined()
        #expect(acknowledged.count >= 5 * round)
        let next = try await stage.mailbox(post, at: kdc)
        try expectAll(acknowledged, for: &bob, next)
        next.signal(SIGKILL)
        _ = try await next.exit()
      }
    }
  }

  @Test("What a killed mailbox had of a deposit is gone on with; a refusal stays")
  func goesOn() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      let parcel = try Parcel(for: "bob", randomBytes(500_000))
      let first = try await stage.mailbox(post, at: kdc)
      var refusing = try bob.visit("post")
      let mallory = try #require(PrincipalName("mallory"))
      #expect(try refusing.ask(.refuse(mallory)) == .done)
      var visit = try alice.visit("post")
      #expect(try visit.ask(parcel.request) == .goOn(offset: 0))
      try visit.bring(parcel, from: 0, to: 300_000)
      let incoming = Folder(notYetAt: stage.folder.path("post.spool/incoming"))
      try await eventually("300000 bytes on the disk") {
        let size = incoming.allFiles.first.flatMap {
          try? FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int
        }
        return size.map { $0 >= 300_000 } == true ? () : nil
      }
      first.signal(SIGKILL)
      _ = try await first.exit()

      let second = try await stage.mailbox(post, at: kdc)
      var again = try alice.visit("post")
      #expect(try again.ask(parcel.request) == .goOn(offset: 300_000))
      // Its connection breaks, too, with the mailbox staying.
      try again.bring(parcel, from: 300_000, to: 400_000)
      again = try alice.visit("post")
      let offset = try await eventually("the end of the first session") {
        if case .goOn(let offset) = try again.ask(parcel.request) { return offset }
        return nil
      }
      try again.bring(parcel, from: Int(offset))
      #expect(try again.hear() == .stored)
      var mailing = try MailboxVisitor(try stage.user("mallory"), at: kdc)
      var unwanted = try mailing.visit("post")
      #expect(try unwanted.leave(try Parcel(for: "bob", [1])) == .refused(.notTaken))
      try expectAll([parcel], for: &bob, second)
    }
  }

  @Test(
    "HOSTILE D 18: killed at each step of storing, it has what it acknowledged and nothing half",
    arguments: ["write", "fdatasync", "fsync", "?renameat2", "mkdirat"])
  func killedAtStep(call: String) async throws {
    guard try await Strace.isUsable() else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc(stage.unbraked())
      let post = try await Machine.registered("post", at: kdc, on: stage)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      var acknowledged: [Parcel] = []
      var killedCount = 0
      // Each thread has a count of its own: the low ones are met at the start, too.
      for number in [1, 2, 3, 5, 8] {
        let traced = try traced(
          post, at: kdc, on: stage, tracing: call,
          injecting: "\(call):signal=SIGKILL:when=\(number)")
        let listens = try await eventually("a mailbox or its end", report: traced.errors.text) {
          if traced.errors.text.contains("listening on port") { return true }
          return traced.errors.hasEnded ? false : nil
        }
        let sizes = [100, 70_000, 1, 200_000, 5, 6, 7]
        var stored: [Parcel] = []
        if listens, let visit = try? alice.visit("post") {
          stored = leaveUntilGone(visit, sizes: sizes)
        }
        if stored.count < sizes.count { killedCount += 1 }
        acknowledged += stored
        traced.kill()
        _ = try await traced.end()
        let next = try await stage.mailbox(post, at: kdc)
        try expectAll(acknowledged, for: &bob, next)
        next.signal(SIGKILL)
        _ = try await next.exit()
      }
      #expect(killedCount > 0)
    }
  }

  /// A mailbox some of whose system calls end badly.
  ///
  /// - Parameter files: if there are any, only calls that touch them count.
  private func traced(
    _ machine: Machine, at kdc: RunningKDC, on stage: Stage, tracing call: String,
    on files: [String] = [], injecting injection: String
  ) throws -> TracedProgram {
    try TracedProgram(
      Strace.command(tracing: call, on: files, injecting: [injection])
        + ["/usr/bin/env", "TRENT_HOME=\(machine.home.path)", ProgramFile.mailbox.path]
        + stage.mailboxArguments(machine, at: kdc))
  }

  @Test("A full disk: told, nothing acknowledged is lost, and room is used again", .needs(.disks))
  func fullDisk() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(in: stage, size: "1m")
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let spool = disk.folder.path("spool")
      let mailbox = try await stage.mailbox(post, at: kdc, spool: spool)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      let kept = try Parcel(for: "bob", randomBytes(300_000))
      var visit = try alice.visit("post")
      #expect(try visit.leave(kept) == .stored)
      // Said while the bytes come, or in the end.
      let huge = try Parcel(for: "bob", randomBytes(2_000_000))
      let answer = try? visit.leave(huge)
      #expect(answer == nil || answer == .refused(.full))
      try await mailbox.said("No space left on device")
      try await eventually("room for another one") {
        var again = try alice.visit("post")
        return try again.leave(try Parcel(for: "bob", randomBytes(200_000))) == .stored ? () : nil
      }
      try disk.fill()
      var last = try alice.visit("post")
      #expect(try last.leave(try Parcel(for: "bob", randomBytes(9000))) == .refused(.full))
      try expectAll([kept], for: &bob, mailbox)
      // Collecting works on a full disk, and makes room.
      var receiving = try bob.visit("post")
      for deposit in try receiving.list() {
        #expect(
          try receiving.ask(.collected(number: deposit.number, deposit.id)) == .done)
      }
      last = try alice.visit("post")
      #expect(try last.leave(try Parcel(for: "bob", randomBytes(9000))) == .stored)
      mailbox.signal(SIGTERM)
      try await mailbox.expectExit(0)
    }
  }

  /// A step of storing, and the system call of it that fails.
  struct Step: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let call: String
    let when: String
    /// Below the spool.
    let file: String?

    static let all = [
      Step(testDescription: "content", call: "fdatasync", when: "1", file: nil),
      Step(testDescription: "trailer", call: "fdatasync", when: "2", file: nil),
      Step(testDescription: "name", call: "?renameat2", when: "1+", file: "boxes/bob"),
      Step(testDescription: "folder", call: "fsync", when: "1+", file: "boxes/bob"),
    ]
  }

  @Test(
    "A disk that fails at a step of storing: refused, nothing comes to light later",
    arguments: Step.all)
  func failingDisk(step: Step) async throws {
    guard try await Strace.isUsable(), geteuid() == 0 else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let post = try await Machine.registered("post", at: kdc, on: stage)
      var alice = try MailboxVisitor(try stage.user("alice"), at: kdc)
      var bob = try MailboxVisitor(try stage.user("bob"), at: kdc)
      // Each session has a thread of its own, and each thread its own count.
      let traced = try traced(
        post, at: kdc, on: stage, tracing: step.call,
        on: step.file.map { [stage.folder.path("post.spool/\($0)")] } ?? [],
        injecting: "\(step.call):error=EIO:when=\(step.when)")
      try await eventually("a mailbox", report: traced.errors.text) {
        traced.errors.text.contains("listening on port") ? () : nil
      }
      let parcel = try Parcel(for: "bob", randomBytes(1000))
      var visit = try alice.visit("post")
      #expect(try visit.leave(parcel) == .refused(.notStored), "\(traced.errors.text)")
      var receiving = try bob.visit("post")
      #expect(try receiving.list().isEmpty)
      traced.kill()
      _ = try await traced.end()
      let next = try await stage.mailbox(post, at: kdc)
      receiving = try bob.visit("post")
      #expect(try receiving.list().isEmpty)
      visit = try alice.visit("post")
      #expect(try visit.leave(parcel) == .stored)
      try expectAll([parcel], for: &bob, next)
    }
  }
}
