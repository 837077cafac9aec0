import Foundation
import Testing

extension EndToEnd {
  /// Disks of running programs that are full, or can only be read any more. (Those of receivers:
  /// `DiskTests`; of a mailbox that is full: `MailboxCrashTests`.)
  @Suite struct DiskFaultTests {}
}

extension EndToEnd.DiskFaultTests {
  private func logIn(_ stage: Stage, _ user: User, at kdc: RunningKDC) throws -> Program {
    try stage.start(
      .client, ["login", "-n", user.name] + Stage.Access(user, at: kdc).arguments, home: user.home)
  }

  @Test(
    "The KDC's disk is full: newcomers are told, the others served; with room all is good again",
    .needs(.disks))
  func fullForTheKDC() async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(at: "kdc", in: stage, size: "1m")
      let first = try await stage.kdc(stage.unbraked())
      let (alice, bob, carol) = (
        try stage.user("alice"), try stage.user("bob"), try stage.user("carol")
      )
      try await logIn(stage, alice, at: first).expectExit(0)
      try await logIn(stage, bob, at: first).expectExit(0)
      try disk.fill()
      // There is room for some more lines up to the end of the last page.
      let load = await Load(prefix: "late", threads: 4, attemptsPerThread: 6, contenders: 0)
        .run(against: try Service(first.program.output.lines))
      #expect(!load.outcomes(.unavailable).isEmpty)
      #expect(load.registrations.count == 24)
      let refused = try logIn(stage, carol, at: first)
      try await refused.expectExit(3)
      #expect(refused.errors.text.contains("cannot do it now"), "\(refused.report)")
      #expect(first.program.errors.text.contains("No space left on device"))
      try await stage.expectTransfer(from: alice, to: bob, at: first)

      try disk.makeRoom()
      try await logIn(stage, carol, at: first).expectExit(0)
      first.program.signal(SIGKILL)
      _ = try await first.program.exit()
      let second = try await stage.kdc(stage.unbraked(), port: first.port)
      let service = try Service(second.program.output.lines)
      for attempt in load.outcomes(.acknowledged) {
        #expect(try RegisteringClient(service).logIn(attempt.account) == .acknowledged)
      }
      try await stage.expectTransfer(from: carol, to: alice, at: second)
      try await stage.start(.kdc, ["check", second.folder.path("pwd.txt")]).expectExit(0)
    }
  }

  @Test(
    "The KDC's disk can only be read any more: the same; nothing that was acknowledged is lost",
    .needs(.disks))
  func readOnlyForTheKDC() async throws {
    try await Stage.with { stage in
      let disk = try DyingDisk(at: "kdc", in: stage)
      let first = try await stage.kdc(stage.unbraked())
      let (alice, bob, carol) = (
        try stage.user("alice"), try stage.user("bob"), try stage.user("carol")
      )
      try await logIn(stage, alice, at: first).expectExit(0)
      try await logIn(stage, bob, at: first).expectExit(0)
      try disk.die()
      let refused = try logIn(stage, carol, at: first)
      try await refused.expectExit(3)
      #expect(refused.errors.text.contains("cannot do it now"), "\(refused.report)")
      #expect(first.program.errors.text.contains("Read-only file system"))
      try await stage.expectTransfer(from: alice, to: bob, at: first)

      first.program.signal(SIGTERM)
      _ = try await first.program.exit()
      try disk.revive()
      let second = try await stage.kdc(stage.unbraked(), port: first.port)
      try await stage.expectTransfer(from: alice, to: bob, at: second)
      try await logIn(stage, carol, at: second).expectExit(0)
      try await stage.start(.kdc, ["check", second.folder.path("pwd.txt")]).expectExit(0)
    }
  }

  @Test(
    "A mailbox's disk can only be read any more: it takes nothing, and gives out what it has",
    .needs(.disks))
  func readOnlyForTheMailbox() async throws {
    try await Stage.with { stage in
      let disk = try DyingDisk(at: "post.spool", in: stage)
      let scene = try await FetchScene(stage)
      let first = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.logIn()
      try await scene.leave("before", randomBytes(300_000))
      try disk.die()
      let file = try stage.folder.put(randomBytes(300_000), at: "after")
      try await scene.leave([file], exit: 7)
      try await first.said("Read-only file system")
      #expect(try await scene.list().count == 1)
      // It cannot delete what has been fetched, which is not taken a second time later.
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["before"])

      first.signal(SIGTERM)
      _ = try await first.exit()
      try disk.revive()
      _ = try await stage.mailbox(scene.post, at: scene.kdc)
      try await scene.leave([file])
      try await scene.fetching().expectExit(0)
      #expect(scene.received.entries == ["after", "before"])
      for name in ["before", "after"] {
        #expect(scene.received.bytes(of: name) == stage.folder.bytes(of: name))
      }
    }
  }

  @Test(
    "A receiver's disk dies in the middle of a file: both say so; repaired, the rest is sent",
    .needs(.disks))
  func readOnlyForTheReceiver() async throws {
    try await Stage.with { stage in
      let disk = try DyingDisk(at: "received", in: stage)
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let content = randomBytes(8 << 20)
      let receiver = try await stage.receiving(bob, at: kdc, into: disk.folder)
      let sender = try stage.sending(alice, at: kdc, to: "bob", ["-"], input: .pipe)
      sender.write([UInt8](content[..<(4 << 20)]))
      try await receiver.said("receiving a stream")
      try disk.die()
      sender.write([UInt8](content[(4 << 20)...]))
      sender.closeInput()
      try await sender.expectExit(7)
      try await receiver.expectExit(9)
      #expect(sender.errors.text.contains("read-only"), "\(sender.report)")
      #expect(receiver.errors.text.contains("Read-only file system"), "\(receiver.report)")
      try disk.revive()
      let again = try await stage.receiving(bob, at: kdc, into: disk.folder)
      let file = try stage.folder.put(content, at: "file")
      try await stage.sending(alice, at: kdc, to: "bob", [file]).expectExit(0)
      try await again.expectExit(0)
      #expect(disk.folder.bytes(of: "file") == content)
    }
  }

  /// What may happen to a device's `TRENT_HOME`.
  enum HomeFault: String, CaseIterable, Sendable {
    case full = "No space left"
    case readOnly = "Read-only file system"
  }

  @Test(
    "A device that keeps nothing more: told, nothing half is left, and later it goes on",
    .needs(.disks), arguments: HomeFault.allCases)
  func home(fault: HomeFault) async throws {
    try await Stage.with { stage in
      let disk = try SmallDisk(at: "home-alice", in: stage, size: "64k")
      let kdc = try await stage.kdc(stage.unbraked())
      let alice = try stage.user("alice")
      func strike() throws {
        switch fault {
        case .full: try disk.fill()
        case .readOnly: disk.remount("size=64k", flags: 1)
        }
      }
      func repair() throws {
        switch fault {
        case .full: try disk.makeRoom()
        case .readOnly: disk.remount("size=64k")
        }
      }
      // Before it has anything: no name without an identity key on the disk.
      try strike()
      let newcomer = try logIn(stage, alice, at: kdc)
      try await newcomer.expectExit(9)
      #expect(newcomer.errors.text.contains(fault.rawValue), "\(newcomer.report)")
      #expect(!kdc.log.contains(" registered name=alice "))
      try repair()
      try await logIn(stage, alice, at: kdc).expectExit(0)

      // Bob is new to it: he is not taken for known who could not be written down.
      let file = try stage.folder.put([1, 2, 3], at: "file")
      let received = try stage.folder.folder("received")
      let receiver = try await stage.serving(at: kdc, into: received, ["--accept-all", "--rename"])
      try strike()
      let sender = try stage.send(alice, at: kdc, [file])
      try await sender.expectExit(9)
      #expect(sender.errors.text.contains(fault.rawValue), "\(sender.report)")
      #expect(received.entries.isEmpty)
      try repair()
      let again = try stage.send(alice, at: kdc, [file])
      try await again.expectExit(0)
      #expect(received.bytes(of: "file") == [1, 2, 3])
      #expect(receiver.exitStatus == nil)

      // A login that cannot be kept takes the place of none.
      try strike()
      let login = try logIn(stage, alice, at: kdc)
      try await login.expectExit(9)
      #expect(login.errors.text.contains(fault.rawValue), "\(login.report)")
      try repair()
      try await stage.send(alice, at: kdc, [file]).expectExit(0)
    }
  }
}
