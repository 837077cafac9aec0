import Foundation
import Testing

extension EndToEnd {
  /// Programs that systemd starts, and watches.
  @Suite struct ServiceManagerTests {}
}

extension EndToEnd.ServiceManagerTests {
  @Test("A KDC says when it serves, reads its settings, and ends")
  func states() async throws {
    try await Stage.with { stage in
      let manager = try ServiceManager(in: stage.folder)
      let kdc = try await stage.kdc(environment: manager.environment())
      #expect(try await manager.isTold("READY=1").contains("STATUS=listening on port \(kdc.port)"))
      kdc.program.signal(SIGHUP)
      let reloading = try await manager.isTold("RELOADING=1")
      #expect(reloading.contains { $0.hasPrefix("MONOTONIC_USEC=") })
      try await manager.isTold("READY=1")
      kdc.program.signal(SIGTERM)
      try await manager.isTold("STOPPING=1")
      try await kdc.program.expectExit(0)
      #expect(manager.next() == nil, "nobody asked whether it is alive")
    }
  }

  @Test("A KDC that cannot be asked any more does not say that it is alive")
  func watchdog() async throws {
    try await Stage.with { stage in
      let manager = try ServiceManager(in: stage.folder)
      let kdc = try await stage.kdc(environment: manager.environment(watchdog: 200_000))
      try await manager.isTold("WATCHDOG=1")
      try await manager.isTold("WATCHDOG=1")

      // No descriptor is left for anybody who connects.
      try setDescriptorLimit(of: kdc.program, to: 3)
      try await eventually("silence") { () -> Void? in
        let start = ContinuousClock.now
        while manager.next() != nil {}
        // Five times as long as it may take.
        while ContinuousClock.now - start < .seconds(1) {
          guard manager.next() == nil else { return nil }
          usleep(20_000)
        }
        return ()
      }
      try setDescriptorLimit(of: kdc.program, to: 1024)
      try await manager.isTold("WATCHDOG=1")
    }
  }

  @Test("A mailbox and a receiver say when they can be reached")
  func others() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let manager = try ServiceManager(in: stage.folder)
      let post = try await Machine.registered("post", at: kdc, on: stage)
      let mailbox = try stage.start(
        .mailbox, stage.mailboxArguments(post, at: kdc), home: post.home,
        environment: manager.environment())
      let told = try await manager.isTold("READY=1")
      #expect(
        told.contains { $0.hasPrefix("STATUS=listening on port ") && $0.hasSuffix(" as post") })
      mailbox.signal(SIGTERM)
      try await manager.isTold("STOPPING=1")

      let bob = try stage.user("bob")
      let receiver = try stage.start(
        .client,
        ["-n", "bob", "-m", "R", "-l", "0", "-o", stage.folder.path("out")]
          + Stage.Access(bob, at: kdc).arguments, home: bob.home,
        environment: manager.environment())
      #expect(
        try await manager.isTold("READY=1").contains { $0.hasSuffix(" as bob") })
      #expect(receiver.errors.lines.contains { $0.hasPrefix("listening on port ") })
    }
  }

  /// Sets how many descriptors a running program may have.
  private func setDescriptorLimit(of program: Program, to limit: Int) throws {
    try Command.run(["prlimit", "--pid", "\(program.processID)", "--nofile=\(limit):"])
  }
}
