import Foundation
import Testing

/// A KDC, a mailbox and people, each on a machine of their own.
struct NetworkScene {
  let stage: Stage
  let network: Network
  let kdc: RunningKDC
  let post: Machine
  let received: Folder

  /// - Parameter isQuick: whether the deadlines of clients come twenty times sooner. (The system's
  ///   own patience, with which it sends anew what was lost, stays what it is.)
  init(_ stage: Stage, people: [String], isQuick: Bool) async throws {
    self.stage = stage
    network = try await Network(["kdc", "post"] + people)
    kdc = try await stage.kdc(stage.unbraked(), on: try network["kdc"])
    received = try stage.folder.folder("received")
    post = Machine("post", on: stage)
    let quick = isQuick ? try QuickClock(factor: 20, in: stage.folder).environment : [:]
    for name in people {
      var surroundings = try network[name].surroundings
      surroundings.environment = quick
      stage.put(try stage.user(name).home, in: surroundings)
    }
    stage.put(post.home, in: try network["post"].surroundings)
  }

  /// A mailbox that serves, on a machine of its own.
  func mailbox() async throws -> Program {
    try await post.keygen(at: kdc).expectExit(0)
    return try await stage.mailbox(post, at: kdc)
  }

  /// Bob, who receives.
  func receiver() async throws -> Program {
    try await stage.serving(at: kdc, into: received, ["--accept-all", "--rename", "--verbose"])
  }

  func expectArrival(from user: User, _ extra: [String] = []) async throws {
    let content = randomBytes(200_000)
    let name = "small \(UInt32.random(in: 0...UInt32.max))"
    let sender = try stage.send(user, at: kdc, [stage.folder.put(content, at: name)] + extra)
    try await sender.expectExit(0, within: .seconds(60))
    let isWhole = received.bytes(of: name) == content
    #expect(isWhole, "\(sender.report)")
  }

  /// Bob fetches what waits.
  func fetch() async throws {
    let bob = try stage.user("bob")
    let fetching = try stage.start(
      .client,
      ["fetch", "-d", received.path, "-n", "bob", "--from", "post", "--accept-all"]
        + Stage.Access(bob, at: kdc).arguments, home: bob.home)
    try await fetching.expectExit(0, within: .seconds(60))
  }

  /// How many bytes have come in of files that have no name yet.
  func arriving() -> Int {
    received.allFiles.filter { $0.contains("/.trent-") }.reduce(0) { total, path in
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      return total + (size ?? 0)
    }
  }
}
