import Foundation
import KeyDistribution
import Testing
import Wire

extension EndToEnd {
  /// Logins that open deposits, at the real KDC.
  @Suite struct DepositRecordTests {}
}

extension EndToEnd.DepositRecordTests {
  private func name(_ text: String) throws -> PrincipalName {
    try #require(PrincipalName(text))
  }

  /// What a sender is told, over a connection of its own; nil if there is nothing to be had.
  private func mailbox(
    of receiver: PrincipalName, for sender: Account, at kdc: RunningKDC
  ) throws -> PrincipalName? {
    let client = try RegisteringClient(Service(kdc.program.output.lines))
    return try client.askForDeposit(client.credential(of: sender), for: receiver)
  }

  @Test("HOSTILE D 18: a login that opens deposits does so after kill -9 and under another key")
  func kept() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (Account(try name("alice")), Account(try name("bob")))
      let post = try name("post")
      let client = try RegisteringClient(Service(kdc.program.output.lines))
      for account in [alice, bob] { #expect(client.register(account) == .acknowledged) }
      #expect(throws: ExchangeFailure.peerNotPresent) {
        _ = try mailbox(of: bob.name, for: alice, at: kdc)
      }
      let login = try client.credential(of: bob, keyLifetime: .days(30))
      let until = try client.takeDeposits(login, mailbox: post)
      #expect(until > login.grantedAt + .days(29))
      try await kdc.logged("deposits-taken", "name=bob", "for=post")
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()

      let second = try await stage.kdc()
      #expect(try mailbox(of: bob.name, for: alice, at: second) == post)
      let rotation = try stage.start(
        .kdc, ["rotate-storage-key", "-f", second.folder.path("pwd.txt")])
      try await rotation.expectExit(0)
      #expect(try mailbox(of: bob.name, for: alice, at: second) == post)
      try await second.stop()

      // The former storage key is gone, in memory and in the file.
      let third = try await stage.kdc()
      #expect(try mailbox(of: bob.name, for: alice, at: third) == post)
      try await third.logged("key-issued purpose=deposit", "for=bob")
    }
  }
}
