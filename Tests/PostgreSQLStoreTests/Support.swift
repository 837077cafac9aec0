import Cryptography
import Directory
import Dispatch
import KeyDistribution
import Synchronization
import Wire

/// Something that a test needs or waits for is not there.
struct TestProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

let realm = [UInt8](repeating: 0xab, count: 32)

func at(_ milliseconds: UInt64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

/// Waits until a condition holds; no test waits for time to pass.
///
/// - Parameter what: completes the sentence "waited in vain for ...".
func eventually(
  _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw TestProblem("waited in vain for \(what)") }
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// What several tasks of a test look at and change.
final class Shared<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withLock<Result: Sendable>(
    _ body: (inout sending Value) throws -> Result
  ) rethrows -> Result {
    try value.withLock { value in try body(&value) }
  }
}

/// Runs what blocks on a thread that nothing else needs.
func blocking<Value: Sendable>(
  _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue(label: "blocking").async { continuation.resume(with: Result { try body() }) }
  }
}

func name(_ text: String) throws -> PrincipalName {
  guard let name = PrincipalName(text) else { throw TestProblem("\(text) is no name") }
  return name
}

private func address(_ ip: [UInt8], port: UInt16) throws -> NetworkAddress {
  guard let address = NetworkAddress(ip: ip, port: port) else { throw TestProblem("address") }
  return address
}

let source: [UInt8] = [192, 0, 2, 7]

/// - Parameter mark: what its secrets are made of, to tell two records of a name apart.
func user(
  _ text: String, keyVersion: UInt32 = 1, state: UserRecord.State = .active, mark: UInt8 = 1
) throws -> UserRecord {
  UserRecord(
    name: try name(text), address: try address(source, port: 60000), keyVersion: keyVersion,
    parameters: .passphrase, salt: [UInt8](repeating: mark, count: 16),
    sealedDigest: [UInt8](repeating: mark, count: 60),
    identity: VerifyingKey([UInt8](repeating: 3, count: 32)),
    certificate: [UInt8](repeating: 4, count: 64), state: state)
}

private func loginKey(from login: UInt64, to end: UInt64) throws -> SignedLoginKey {
  guard let key = AgreementPublicKey([UInt8](repeating: 5, count: 32)) else {
    throw TestProblem("key")
  }
  return SignedLoginKey(
    key: key, issued: at(login), expires: at(end), keyVersion: 3,
    signature: [UInt8](repeating: 6, count: 64))
}

func presence(
  _ text: String, login: UInt64 = 1000, end: UInt64 = 1_000_000, port: UInt16 = 60000,
  service: ServiceKind? = nil
) throws -> PresenceRecord {
  PresenceRecord(
    name: try name(text), keyVersion: 3, loginTime: at(login), loginEnd: at(end),
    addresses: [try address(source, port: port)], loginKey: try loginKey(from: login, to: end),
    service: service, sealedTicketKey: [UInt8](repeating: 7, count: 60))
}

func deposits(
  _ text: String, login: UInt64 = 1000, until: UInt64 = 1_000_000, mark: UInt8 = 7
) throws -> DepositRecord {
  DepositRecord(
    name: try name(text), keyVersion: 3, loginTime: at(login), until: at(until),
    mailbox: try name("post"), loginKey: try loginKey(from: login, to: until),
    sealedTicketKey: [UInt8](repeating: mark, count: 60))
}

func hash(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

func invitation(_ byte: UInt8, for text: String? = nil, until: UInt64) throws -> InvitationRecord {
  InvitationRecord(hash: hash(byte), name: try text.map(name), expires: at(until))
}

func wrongProof(_ text: String, at moment: UInt64) throws -> WrongProof {
  WrongProof(name: try name(text), source: try address(source, port: 4711), time: at(moment))
}

extension RealmStore {
  func apply(_ change: DirectoryChange, at now: UInt64 = 2000) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      apply(change, at: Timestamp(milliseconds: now)) { continuation.resume(returning: $0) }
    }
  }

  func replace(_ former: UserRecord, with record: UserRecord) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      replace(former, with: record) { continuation.resume(returning: $0) }
    }
  }

  func replace(
    _ former: DepositRecord, with record: DepositRecord, at now: UInt64
  ) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      replace(former, with: record, at: Timestamp(milliseconds: now)) {
        continuation.resume(returning: $0)
      }
    }
  }

  func add(_ invitation: InvitationRecord, at now: UInt64 = 2000) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      add(invitation, at: Timestamp(milliseconds: now)) { continuation.resume(returning: $0) }
    }
  }

  /// What is found as a KDC finds it: at hand, or else by asking.
  func found(_ query: RecordQuery, at now: UInt64 = 2000) async throws -> Records {
    let now = Timestamp(milliseconds: now)
    if let records = try recordsAtHand(query, at: now) { return records }
    return try await withCheckedContinuation { continuation in
      lookUp(query, at: now) { continuation.resume(returning: $0) }
    }.get()
  }

  func user(_ text: String) async throws -> UserRecord? {
    let name = try name(text)
    return try await found(RecordQuery(users: [name])).users[name]
  }

  func presence(_ text: String, at now: UInt64) async throws -> PresenceRecord? {
    let name = try name(text)
    return try await found(RecordQuery(presences: [name]), at: now).presences[name]
  }

  func deposits(_ text: String, at now: UInt64) async throws -> DepositRecord? {
    try await found(RecordQuery(deposits: try name(text)), at: now).deposits
  }

  func servers(after text: String? = nil, at now: UInt64) async throws -> [String] {
    let query = ServiceQuery(.mailbox, after: try text.map(name))
    return try await found(RecordQuery(services: query), at: now).services.map(\.description)
  }
}
