import Foundation
import Testing

/// A KDC, a mailbox, a receiver that stays and three senders, one of which is killed and started
/// again at a time while all of them work.
final class KillLoop {
  private static let fileSize = 6 << 20

  /// Somebody who sends one file after the other, each until it has arrived.
  private struct Sender {
    let user: User
    /// Where to leave it; nil: with the receiver.
    let mailbox: String?
    var number = 0
    var program: Program?
    var name: String { "\(user.name) \(number)" }
  }

  private let stage: Stage
  private let bob: User
  private let received: Folder
  private let post: Machine
  private var random: SeededRandom
  private var kdc: RunningKDC
  private var mailbox: Program
  private var receiver: Program
  private var senders: [Sender] = []
  /// Whose end is next.
  private var turn = 0
  /// What has been sent, by name.
  private var contents: [String: [UInt8]] = [:]
  private(set) var kills: [String: Int] = [:]
  /// How many files have been acknowledged to their senders.
  private(set) var acknowledged = 0

  init(_ stage: Stage, seed: UInt64) async throws {
    self.stage = stage
    random = SeededRandom(seed: seed)
    bob = try stage.user("bob")
    received = try stage.folder.folder("received")
    kdc = try await stage.kdc(stage.unbraked())
    post = try await Machine.registered("post", at: kdc, on: stage)
    mailbox = try await stage.mailbox(post, at: kdc)
    receiver = try await stage.serving(at: kdc, into: received, Self.rules)
    for (name, mailbox) in [("alice", nil), ("carol", nil), ("dave", "post")] {
      senders.append(Sender(user: try stage.user(name), mailbox: mailbox))
    }
  }

  private static let rules = ["--accept-all", "--overwrite"]

  // MARK: A round

  /// Kills one of them at some moment.
  func round() async throws {
    for index in senders.indices { try await goOn(index) }
    let begun = arrived
    let goal = Int.random(in: 0...Self.fileSize, using: &random)
    try await eventually("\(goal) more bytes", report: report) {
      let isIdle = senders.contains { $0.program?.exitStatus != nil }
      return isIdle || arrived >= begun + goal ? () : nil
    }
    switch turn % 4 {
    case 0: try await killKDC()
    case 1: try await killMailbox()
    case 2: try await killReceiver()
    default: try await killSender(Int.random(in: senders.indices, using: &random))
    }
    turn += 1
    expectNothingHalf()
  }

  /// Starts the next file, if the one before has arrived.
  private func goOn(_ index: Int) async throws {
    if let program = senders[index].program {
      guard let status = program.exitStatus else { return }
      #expect(status == 0, "\(program.report)")
      acknowledged += 1
      // What its sender has been told is true at once.
      if senders[index].mailbox == nil { expectWhole(senders[index].name) }
      senders[index].number += 1
    }
    let name = senders[index].name
    let content = randomBytes(Self.fileSize)
    contents[name] = content
    try stage.folder.put(content, at: name)
    try send(index)
  }

  private func send(_ index: Int) throws {
    let sender = senders[index]
    senders[index].program = try stage.sending(
      sender.user, at: kdc, to: "bob",
      [stage.folder.path(sender.name), "--retry", "5"]
        + (sender.mailbox.map { ["--via", $0] } ?? []))
  }

  private func kill(_ program: Program, _ kind: String) async throws {
    kills[kind, default: 0] += 1
    program.signal(SIGKILL)
    _ = try await program.exit()
  }

  private func killKDC() async throws {
    try await kill(kdc.program, "KDC")
    kdc = try await stage.kdc(stage.unbraked(), port: kdc.port)
  }

  private func killMailbox() async throws {
    try await kill(mailbox, "mailbox")
    mailbox = try await stage.mailbox(post, at: kdc)
  }

  private func killReceiver() async throws {
    try await kill(receiver, "receiver")
    receiver = try await stage.serving(at: kdc, into: received, Self.rules)
  }

  private func killSender(_ index: Int) async throws {
    guard let program = senders[index].program, program.exitStatus == nil else { return }
    try await kill(program, "sender")
    try send(index)
  }

  // MARK: The end

  /// Lets everybody finish, fetches what waits, and looks at all of it.
  func end() async throws {
    for sender in senders {
      try await sender.program?.expectExit(0, within: .seconds(120))
      acknowledged += 1
    }
    try await stage.stop(receiver)
    let fetching = try stage.start(
      .client,
      ["fetch", "-d", received.path, "-n", "bob", "--from", "post"] + Self.rules
        + Stage.Access(bob, at: kdc).arguments, home: bob.home)
    try await fetching.expectExit(0, within: .seconds(60))
    for name in contents.keys { expectWhole(name) }
    #expect(received.entries == contents.keys.sorted(), "\(report)")
    #expect(!mailbox.errors.text.contains("damaged"))
    let check = try stage.start(.kdc, ["check", kdc.folder.path("pwd.txt")])
    try await check.expectExit(0)
  }

  private func expectWhole(_ name: String) {
    // A failure need not print all of it.
    let isWhole = received.bytes(of: name) == contents[name]
    #expect(isWhole, "\(name)")
  }

  private func expectNothingHalf() {
    for name in received.entries where !name.hasPrefix(".trent-") { expectWhole(name) }
  }

  /// How many bytes have come in, all in all.
  private var arrived: Int {
    let folders = [received, Folder(notYetAt: stage.folder.path("post.spool"))]
    return folders.flatMap(\.allFiles).reduce(0) { total, path in
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      return total + (size ?? 0)
    }
  }

  private var report: String {
    senders.compactMap { $0.program?.report }.joined(separator: "\n") + receiver.report
  }
}
