import Cryptography
import Directory
import Dispatch
import DurableFiles
import Glibc
import KeyDistribution
import SecretMemory
import Synchronization
import Wire

/// A folder of one test's own, removed with all it holds when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/trent-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw TestProblem("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.remove(path) }

  func file(_ name: String) -> String { joinPath(path, name) }

  private static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    if let stream = unsafe opendir(path) {
      while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
          unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { remove(joinPath(path, name)) }
      }
      unsafe closedir(stream)
    }
    unsafe rmdir(path)
  }
}

struct TestProblem: Error {
  let operation: String
  init(_ operation: String) { self.operation = operation }
}

/// Makes or overwrites a file the plain way.
func put(_ bytes: [UInt8], at path: String, mode: mode_t = 0o600) throws {
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
  guard descriptor >= 0 else { throw TestProblem("open") }
  defer { close(descriptor) }
  fchmod(descriptor, mode)
  guard unsafe write(descriptor, bytes, bytes.count) == bytes.count else {
    throw TestProblem("write")
  }
}

func put(_ lines: [String], at path: String, mode: mode_t = 0o600) throws {
  try put([UInt8](lines.map { $0 + "\n" }.joined().utf8), at: path, mode: mode)
}

func contents(_ path: String) throws -> [UInt8] {
  guard let secret = try readSecretFile(path, limit: 1 << 24) else { throw TestProblem("read") }
  return [UInt8](secret.bytes)
}

/// The lines of a file, the last of which must have its newline.
func lines(_ path: String) throws -> [String] {
  let parts = try contents(path).split(
    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  guard parts.last?.isEmpty == true else { throw TestProblem("no newline at the end") }
  return parts.dropLast().map { String(decoding: $0, as: UTF8.self) }
}

func permissions(_ path: String) throws -> mode_t {
  var status = stat()
  guard unsafe lstat(path, &status) == 0 else { throw TestProblem("lstat") }
  return status.st_mode & 0o777
}

/// What a store has reported.
final class Reports: Sendable {
  private let problems = Mutex<[FileProblem]>([])

  func add(_ problem: FileProblem) { problems.withLock { $0.append(problem) } }

  var all: [FileProblem] { problems.withLock { $0 } }
  var kinds: [FileProblem.Kind] { all.map(\.kind) }
}

let realm = [UInt8](repeating: 0xab, count: 32)
let usersHeader = "# trent users v1 realm=" + String(repeating: "ab", count: 32)
let presenceHeader = "# trent presence v1 realm=" + String(repeating: "ab", count: 32)

func name(_ text: String) throws -> PrincipalName {
  guard let name = PrincipalName(text) else { throw TestProblem("name") }
  return name
}

func address(_ ip: [UInt8] = [192, 0, 2, 7], port: UInt16 = 60000) throws -> NetworkAddress {
  guard let address = NetworkAddress(ip: ip, port: port) else { throw TestProblem("address") }
  return address
}

func user(
  _ text: String, keyVersion: UInt32 = 1, hasIdentity: Bool = false,
  state: UserRecord.State = .active
) throws -> UserRecord {
  UserRecord(
    name: try name(text), address: try address(), keyVersion: keyVersion,
    parameters: .passphrase, salt: [UInt8](repeating: 1, count: 16),
    sealedDigest: [UInt8](0..<60),
    identity: hasIdentity ? VerifyingKey([UInt8](repeating: 3, count: 32)) : nil,
    certificate: hasIdentity ? [UInt8](repeating: 4, count: 64) : [], state: state)
}

private func loginKey(from login: UInt64, to end: UInt64) throws -> SignedLoginKey {
  guard let key = AgreementPublicKey([UInt8](repeating: 5, count: 32)) else {
    throw TestProblem("key")
  }
  return SignedLoginKey(
    key: key, issued: Timestamp(milliseconds: login), expires: Timestamp(milliseconds: end),
    keyVersion: 3, signature: [UInt8](repeating: 6, count: 64))
}

func deposits(
  _ text: String, login: UInt64 = 1000, until: UInt64 = 1_000_000, mailbox: String? = nil
) throws -> DepositRecord {
  DepositRecord(
    name: try name(text), keyVersion: 3, loginTime: Timestamp(milliseconds: login),
    until: Timestamp(milliseconds: until), mailbox: try mailbox.map(name),
    loginKey: try loginKey(from: login, to: until),
    sealedTicketKey: [UInt8](repeating: 7, count: 60))
}

func presence(
  _ text: String, login: UInt64 = 1000, end: UInt64 = 1_000_000, port: UInt16 = 60000,
  service: ServiceKind? = nil
) throws -> PresenceRecord {
  let v6: [UInt8] = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
  return PresenceRecord(
    name: try name(text), keyVersion: 3, loginTime: Timestamp(milliseconds: login),
    loginEnd: Timestamp(milliseconds: end),
    addresses: [try address(port: port), try address(v6, port: port)],
    loginKey: try loginKey(from: login, to: end), service: service,
    sealedTicketKey: [UInt8](repeating: 7, count: 60))
}

/// A user file as the KDC opens it. Digests are "sealed" by turning them round.
func openUsers(
  _ path: String, realm: [UInt8] = realm, reports: Reports = Reports()
) throws -> UserFile {
  try UserFile(
    path: path, realm: realm,
    sealingWith: { _, keyVersion, digest in
      [UInt8](repeating: UInt8(keyVersion), count: 28) + [UInt8](digest.bytes).reversed()
    },
    report: reports.add)
}

extension UserFile {
  func register(_ record: UserRecord) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      register(record) { continuation.resume(returning: $0) }
    }
  }

  func update(_ record: UserRecord, replacing keyVersion: UInt32) async -> ChangeOutcome {
    await withCheckedContinuation { continuation in
      update(record, replacing: keyVersion) { continuation.resume(returning: $0) }
    }
  }
}

/// Runs `body` on as many threads at once, with the number of each, and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for number in 0..<count {
      group.addTask {
        try await withCheckedThrowingContinuation {
          (continuation: CheckedContinuation<Void, any Error>) in
          // A queue of its own gets a thread of its own while the others block.
          DispatchQueue(label: "thread \(number)").async {
            continuation.resume(with: Result { try body(number) })
          }
        }
      }
    }
    try await group.waitForAll()
  }
}

/// Registers from a thread that may block.
func registerAndWait(_ record: UserRecord, in file: UserFile) throws -> ChangeOutcome {
  let outcome = Mutex<ChangeOutcome?>(nil)
  let answered = DispatchSemaphore(value: 0)
  file.register(record) { answer in
    outcome.withLock { $0 = answer }
    answered.signal()
  }
  answered.wait()
  guard let result = outcome.withLock({ $0 }) else { throw TestProblem("no answer") }
  return result
}
