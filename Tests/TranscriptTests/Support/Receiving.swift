import KeyDistribution
import SecretMemory
import Wire

// For the states that await a reply of the KDC: the same with an array for the borrowed bytes.

extension ExpectTicket {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Granted<SessionGrant> {
    try receive(message.bytes)
  }
}

extension ExpectAnnouncement {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Granted<NetworkAddress> {
    try receive(message.bytes)
  }
}

extension ExpectWithdrawal {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Timestamp {
    try receive(message.bytes)
  }
}

extension ExpectReach {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Granted<Reach> {
    try receive(message.bytes)
  }
}

extension ExpectDeposits {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Granted<Timestamp> {
    try receive(message.bytes)
  }
}

extension ExpectServices {
  borrowing func receive(_ message: [UInt8]) throws(ExchangeFailure) -> Granted<[PrincipalName]> {
    try receive(message.bytes)
  }
}

/// Where an exchange has to fail.
func expect(
  _ expected: ExchangeFailure, _ tape: Tape, of body: () throws -> Void
) throws {
  let failure = try failure(of: body)
  try tape.require(failure == expected, "\(failure) is \(expected)")
}
