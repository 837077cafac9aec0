import Foundation
import MailboxService
import MailboxSpool
import SecretMemory
import Synchronization
import Testing
import Wire

/// A spool's folder, with a clock that the test sets, removed when the test is over.
final class SpoolFolder: Sendable {
  /// Files have times of their own: those of now.
  static let begin = Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000))

  let path: String
  private let clock = Mutex(SpoolFolder.begin)
  private let told = Mutex<[String]>([])

  init() throws {
    var template = Array("/tmp/trent-spool-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw TestProblem("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  init(path: String) { self.path = path }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The same at this moment, as a crash leaves it.
  func copy() throws -> SpoolFolder {
    let copy = try SpoolFolder()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: path, toPath: copy.path)
    copy.pass(clock.withLock { $0 }.since(Self.begin))
    return copy
  }

  func pass(_ time: Interval) { clock.withLock { $0 = $0 + time } }

  /// What nobody has asked for.
  var events: [String] { told.withLock { $0 } }

  func open(
    boot: String = "b1", _ edit: (inout MailboxPolicy) -> Void = { _ in }
  ) throws -> Spool {
    var policy = MailboxPolicy()
    edit(&policy)
    return try Spool(
      path, policy, boot: boot, clock: { [self] in clock.withLock { $0 } },
      tell: { [self] event in told.withLock { $0.append("\(event)") } })
  }

  /// Runs `body` while nobody may read some files and folders: for root, as another user.
  func denying<Value: ~Copyable>(
    _ places: [String], _ body: () throws -> Value
  ) throws -> Value {
    let isRoot = geteuid() == 0
    let nobody: uid_t = 65_534
    if isRoot {
      for name in [path] + (FileManager.default.subpaths(atPath: path) ?? []).map(path(_:)) {
        guard unsafe chown(name, nobody, nobody) == 0 else { throw TestProblem(name) }
      }
    }
    for place in places {
      guard unsafe chmod(path(place), 0) == 0, unsafe !isRoot || chown(path(place), 0, 0) == 0
      else { throw TestProblem(place) }
    }
    if isRoot { try Self.readFiles(as: nobody) }
    defer {
      if isRoot { try? Self.readFiles(as: 0) }
      for place in places { _ = unsafe chmod(path(place), 0o700) }
    }
    return try body()
  }

  /// Of this thread alone. Swift does not import the call.
  private static func readFiles(as user: uid_t) throws {
    typealias Call = @convention(c) (uid_t) -> CInt
    guard let address = unsafe dlsym(nil, "setfsuid") else { throw TestProblem("setfsuid") }
    _ = unsafe unsafeBitCast(address, to: Call.self)(user)
  }

  // MARK: Files

  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// The paths of everything but folders, from the spool on, sorted.
  var files: [String] {
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return all.filter {
      var status = stat()
      return unsafe lstat(path($0), &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }.sorted()
  }

  /// Those of deposits that are complete.
  var deposits: [String] { files.filter { $0.hasPrefix("boxes/") } }

  func bytes(of name: String) throws -> [UInt8] {
    try #require(FileManager.default.contents(atPath: path(name)).map { [UInt8]($0) })
  }

  func put(_ bytes: [UInt8], at name: String) throws {
    guard FileManager.default.createFile(atPath: path(name), contents: Data(bytes)) else {
      throw TestProblem(name)
    }
  }

  func move(_ name: String, to target: String) throws {
    try FileManager.default.moveItem(atPath: path(name), toPath: path(target))
  }
}

struct TestProblem: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

/// Somebody's deposit, and what it is.
struct Letter: Sendable {
  let sender: PrincipalName
  let receiver: PrincipalName
  let id: DepositID
  let body: [UInt8]

  init(_ number: Int, from sender: String = "alice", for receiver: String = "bob", count: Int = 100)
    throws
  {
    self.sender = try #require(PrincipalName(sender))
    self.receiver = try #require(PrincipalName(receiver))
    id = try #require(DepositID((0..<32).map { UInt8(truncatingIfNeeded: number >> $0) }))
    body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
  }

  func begin(_ spool: Spool) -> Spool.Opening {
    spool.begin(id, from: sender, for: receiver, byteCount: UInt64(body.count))
  }

  func opened(_ spool: Spool) throws -> IncomingDeposit {
    guard case .incoming(let deposit) = begin(spool) else { throw TestProblem("not taken") }
    return deposit
  }

  /// Brings a part of it.
  func append(_ part: Range<Int>, to deposit: IncomingDeposit) throws {
    let bytes = [UInt8](body[part])
    try deposit.append(bytes.bytes)
  }

  /// Brings what is missing.
  func appendRest(to deposit: IncomingDeposit) throws {
    try append(Int(deposit.offset)..<body.count, to: deposit)
  }

  /// Why it is not taken.
  func refusal(_ spool: Spool) -> MailboxReason? {
    if case .refused(let reason) = begin(spool) { reason } else { nil }
  }

  @discardableResult
  func leave(_ spool: Spool) throws -> UInt64 {
    let deposit = try opened(spool)
    try appendRest(to: deposit)
    return try deposit.finish().deposit.number
  }

  /// What waits for the receiver, as bytes.
  static func all(_ spool: Spool, for receiver: String = "bob") throws -> [[UInt8]] {
    let receiver = try #require(PrincipalName(receiver))
    return try spool.list(for: receiver, after: 0).deposits.map { waiting in
      let stored = try spool.open(waiting.number, for: receiver)
      return try stored.bytes(at: 0, count: Int(waiting.byteCount))
    }
  }
}
