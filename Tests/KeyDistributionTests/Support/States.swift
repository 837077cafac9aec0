import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

// For every state that awaits a message: the same with an array in the place of borrowed bytes, and
// what it makes of a message that it does not accept.

extension AnnouncedEpoch {
  init(_ message: [UInt8]) throws {
    try self.init(message.bytes)
  }
}

extension ExpectSalt {
  consuming func receive(_ message: [UInt8]) throws -> Timed<SaltReply> {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectRegistration {
  consuming func receive(_ message: [UInt8]) throws -> Timestamp {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectChange {
  consuming func receive(_ message: [UInt8]) throws -> Timestamp {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectLogin {
  consuming func receive(_ message: [UInt8]) throws -> Credential {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectTicket {
  borrowing func receive(_ message: [UInt8]) throws -> Granted<SessionGrant> {
    try receive(message.bytes)
  }

  borrowing func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectAnnouncement {
  borrowing func receive(_ message: [UInt8]) throws -> Granted<NetworkAddress> {
    try receive(message.bytes)
  }

  borrowing func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectWithdrawal {
  borrowing func receive(_ message: [UInt8]) throws -> Timestamp {
    try receive(message.bytes)
  }

  borrowing func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectHandshakeReply {
  consuming func receive(_ message: [UInt8]) throws -> PeerSession {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> PeerFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? PeerFailure
    }
  }
}

extension ExpectFirstRecord {
  consuming func receive(_ message: [UInt8]) throws -> AcceptedSession {
    try receive(message.bytes)
  }

  consuming func failure(on message: [UInt8]) -> PeerFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? PeerFailure
    }
  }
}

extension PeerSession {
  mutating func seal(_ plaintext: [UInt8]) throws -> [UInt8] {
    try seal(plaintext.bytes)
  }

  mutating func open(_ record: [UInt8]) throws -> [UInt8] {
    let plaintext = try open(record.bytes)
    return [UInt8](plaintext.bytes)
  }
}

extension Credential {
  borrowing func respond(
    to message: [UInt8], purpose: Purpose = .session, cache: inout SessionReplayCache,
    pinned: (PrincipalName) -> VerifyingKey? = { _ in nil }, ephemeral: consuming AgreementKey,
    at clocks: PeerTrust.Clocks
  ) throws -> Outgoing<ExpectFirstRecord> {
    try respond(
      to: message.bytes, purpose: purpose, cache: &cache, pinned: pinned, ephemeral: ephemeral,
      at: clocks)
  }
}

extension SealedReplyOpener {
  /// A second one, to try bent replies on.
  borrowing func duplicate() -> SealedReplyOpener {
    SealedReplyOpener(
      exchange: exchange, encapsulatedKey: encapsulatedKey, exported: exported.duplicate())
  }

  /// The kind of an answer to a request that a test has forged.
  borrowing func kind(of message: [UInt8]) throws -> SealedReplyKind {
    let content = try open(message.bytes)
    return content.kind
  }

  borrowing func kind(
    of message: [UInt8], shared: borrowing SharedKey
  ) throws -> SealedReplyKind {
    let content = try open(message.bytes, shared: shared)
    return content.kind
  }
}

extension VerifyingKey {
  func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    isValidSignature(signature.bytes, for: message.bytes)
  }
}

extension ExpectReach {
  borrowing func receive(_ message: [UInt8]) throws -> Granted<Reach> {
    try receive(message.bytes)
  }

  borrowing func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectAcceptance {
  borrowing func receive(_ message: [UInt8]) throws -> Timestamp {
    try receive(message.bytes)
  }

  borrowing func failure(on message: [UInt8]) -> ExchangeFailure? {
    do {
      _ = try receive(message)
      return nil
    } catch {
      return error as? ExchangeFailure
    }
  }
}

extension ExpectDeposits {
  borrowing func receive(_ message: [UInt8]) throws -> Granted<Timestamp> {
    try receive(message.bytes)
  }
}

extension ExpectServices {
  borrowing func receive(_ message: [UInt8]) throws -> Granted<[PrincipalName]> {
    try receive(message.bytes)
  }
}
