import Cryptography
import Foundation
import KeyDistribution
import SecretMemory
import Transport
import Wire

/// A client that registers and logs in over one connection, by the protocol's own types.
struct RegisteringClient: ~Copyable {
  private static let patience = Interval.seconds(20)

  private let stream: StreamConnection
  private let epoch: VerifiedEpoch
  /// The KDC's epoch key with its signature, as it came.
  let announcement: [UInt8]

  /// Steps E1 to E4 of docs/PROTOCOL.md.
  init(_ service: Service) throws {
    guard let address = NetworkAddress(ip: [127, 0, 0, 1], port: service.port) else {
      throw TestProblem("address")
    }
    let stream = try StreamConnection.connect(
      toAny: [address], deadline: .after(Self.patience))
    let announcement = try Self.ask(AnnouncedEpoch.request, over: stream)
    epoch = try AnnouncedEpoch(announcement.bytes).accept(
      pinned: service.realm, at: .wallClock(Self.now))
    self.announcement = announcement
    self.stream = stream
  }

  /// Steps S1 to R4.
  func register(_ account: Account) -> Outcome {
    do {
      let salt = try askForSalt(of: account.name)
      let request = try epoch.register(
        account.name, salt: salt, digest: account.digest, identity: account.identity, port: 60000)
      let reply = try Self.ask(request.message, over: stream)
      _ = try request.next.receive(reply.bytes)
      return .acknowledged
    } catch {
      return Outcome(error)
    }
  }

  /// Steps S1 to L3.
  func logIn(_ account: Account) -> Outcome {
    do {
      _ = try credential(of: account)
      return .acknowledged
    } catch {
      return Outcome(error)
    }
  }

  /// The same, for who goes on with it.
  func credential(of account: Account, keyLifetime: Interval? = nil) throws -> Credential {
    let salt = try askForSalt(of: account.name)
    var random = SystemRandom()
    let request = try epoch.logIn(
      account.name, keyVersion: salt.keyVersion, digest: account.digest,
      identity: account.identity, loginKey: AgreementKey(privateKey: random.secret(32)),
      lifetime: .hours(1), keyLifetime: keyLifetime, at: Self.now)
    let reply = try Self.ask(request.message, over: stream)
    return try request.next.receive(reply.bytes)
  }

  /// Steps L1 and L2 of a login that has to be refused.
  ///
  /// - Returns: how long the answer takes, in nanoseconds, and how many bytes it has.
  func refusal(of account: Account) throws -> (nanoseconds: Double, byteCount: Int) {
    let salt = try askForSalt(of: account.name)
    var random = SystemRandom()
    let request = try epoch.logIn(
      account.name, keyVersion: salt.keyVersion, digest: account.digest,
      identity: account.identity, loginKey: AgreementKey(privateKey: random.secret(32)),
      lifetime: .hours(1), at: Self.now)
    let clock = ContinuousClock()
    let start = clock.now
    let reply = try Self.ask(request.message, over: stream)
    let time = start.duration(to: clock.now)
    do {
      _ = try request.next.receive(reply.bytes)
    } catch ExchangeFailure.refused {
      return (time / .nanoseconds(1), reply.count)
    }
    throw TestProblem("\(account.name) is not refused")
  }

  /// Steps B1 to B3.
  func takeDeposits(_ login: borrowing Credential, mailbox: PrincipalName?) throws -> Timestamp {
    var random = SystemRandom()
    let request = login.takeDeposits(mailbox: mailbox, at: Self.now, random: &random)
    let reply = try Self.ask(request.message, over: stream)
    return try request.next.receive(reply.bytes).value
  }

  /// Steps A1 to A3, of a mailbox.
  func announceMailbox(_ login: borrowing Credential) throws {
    var random = SystemRandom()
    let request = login.announce(
      port: 1, addresses: [], service: .mailbox, at: Self.now, random: &random)
    let reply = try Self.ask(request.message, over: stream)
    _ = try request.next.receive(reply.bytes)
  }

  /// Steps T1 to T5, for a deposit.
  ///
  /// - Returns: where the receiver looks for it.
  func askForDeposit(
    _ login: borrowing Credential, for peer: PrincipalName
  ) throws -> PrincipalName? {
    var random = SystemRandom()
    let ephemeral = AgreementKey(privateKey: random.secret(32)).publicKey
    let request = login.askForTicket(
      for: peer, purpose: .deposit, ephemeral: ephemeral, at: Self.now, random: &random)
    let reply = try Self.ask(request.message, over: stream)
    return try request.next.receive(reply.bytes).value.mailbox
  }

  private func askForSalt(of name: PrincipalName) throws -> SaltReply {
    let request = try epoch.askForSalt(of: name)
    let reply = try Self.ask(request.message, over: stream)
    return try request.next.receive(reply.bytes).value
  }

  private static func ask(
    _ message: [UInt8], over stream: borrowing StreamConnection
  ) throws -> [UInt8] {
    let deadline = Deadline.after(patience)
    try stream.sendKDCMessage(message.bytes, deadline: deadline)
    return try stream.receiveKDCMessage(deadline: deadline)
  }

  private static var now: Timestamp {
    Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000))
  }
}
