import Audit
import Cryptography
import Dispatch
import DurableFiles
import KeyDistribution
import Logging
import SecretMemory
import Synchronization
import SystemClock
import Wire

/// The audit file of a KDC that serves: every event as a record of the chain (AUDIT.md).
///
/// Records are written first, and the chain state after them: it is never ahead of the file, so
/// that a crash at any moment leaves a file that does not look cut. What cannot be written waits in
/// memory; what finds no room there is counted, and the count is a record of its own later.
final class AuditTrail: Sendable {
  private struct State: ~Copyable {
    var chain: AuditChain
    var file: AppendFile
    /// Records that are not in the file yet.
    var pending: [UInt8] = []
    /// Of the record that is being made.
    var members = AuditMembers()
    /// Events that have no record, since there was no room for it.
    var missing = 0
    /// The same since the start.
    var missingInAll = 0
    /// Why not all is written, once that is said.
    var failure: FileFailure?
    var recordsSinceCheckpoint = 0
    var isCheckpointDue = false
    var isSettlingDue = false
    /// Nothing is written any more.
    var isClosed = false
  }

  /// What only the thread that settles looks at.
  private struct Settling: ~Copyable {
    /// The audit file once more, to wait for it while others write.
    var records: AppendFile
    let twin: TwinFile
  }

  private static let recordsPerCheckpoint = 1000
  private static let checkpointInterval = DispatchTimeInterval.seconds(10)
  private static let settlingInterval = DispatchTimeInterval.seconds(1)
  /// Bytes of records that may wait for a disk that is full.
  private static let pendingLimit = 1 << 20

  private let path: String
  private let keys: RealmKeys
  private let state: Mutex<State>
  private let settling: Mutex<Settling>
  /// Why the chain state is behind; nil when it is not. Not locked while a disk is waited for.
  private let settlingFailure = Mutex<FileFailure?>(nil)
  private let settler = DispatchQueue(label: "audit state")
  private let lock: FileLock
  private let logger: Logger

  /// Opens the file and goes on with its chain, or begins one.
  ///
  /// - Parameter logger: is told what hinders it.
  init(path: String, keys: RealmKeys, logger: Logger) throws {
    self.path = path
    self.keys = keys
    self.logger = logger
    let files = AuditFiles(path)
    lock = try FileLock(path: files.lock)
    let opened = try files.open(identity: keys.realm.identity, logger: logger)
    settling = Mutex(
      Settling(records: try AppendFile(path: path), twin: try TwinFile(files.state)))
    let file = try AppendFile(path: path)
    state = Mutex(State(chain: opened, file: file))
    let failure = state.withLock { state in
      begin("started", &state)
      return state.failure
    }
    if let failure { throw failure }
    settle()
  }

  /// The first record of a run, or of a file, and a checkpoint.
  private func begin(_ event: String, _ state: inout State) {
    let now = SystemClock.now
    state.members.set(event, [("realm", keys.realm.word), ("version", "1")], at: now)
    state.chain.sealBeginning(state.members.bytes, into: &state.pending)
    checkpoint(&state, at: now)
    flush(&state)
  }

  /// Goes on in a new file when the present one was moved away.
  ///
  /// All that is in the old one is on the disk, and the state says that a file begins, before there
  /// is one: so a crash between any two steps leaves what the next start goes on with.
  func reopen() throws {
    defer { settle() }
    try settling.withLock { settling in
      try state.withLock { state in
        guard try !state.file.isAtItsPath() else { return }
        checkpoint(&state, at: SystemClock.now)
        flush(&state)
        if let failure = state.failure { throw failure }
        if let size = try? OpenFile(reading: path).size(), size > 0 {
          throw AuditFailure("\(path) is another file now, and not empty")
        }
        try state.file.sync()
        try settling.twin.write(state.chain.state(length: 0))
        let file = try AppendFile(path: path)
        settling.records = try AppendFile(path: path)
        state.file = file
        begin("continued", &state)
      }
    }
  }

  // MARK: Writing

  /// - Parameter dropped: how many more there were that nobody knows any more.
  func write(_ events: [(CenterEvent, Timestamp)], dropped: Int) {
    state.withLock { state in
      guard !state.isClosed else { return }
      for (event, time) in events {
        state.members.set(event, at: time)
        add(&state)
      }
      if dropped > 0 {
        state.members.set("lost", count: dropped, at: SystemClock.now)
        add(&state)
      }
      if state.recordsSinceCheckpoint >= Self.recordsPerCheckpoint {
        checkpoint(&state, at: SystemClock.now)
      }
      flush(&state)
      scheduleCheckpoint(&state)
      scheduleSettling(&state)
    }
  }

  /// Seals what was set as members.
  private func add(_ state: inout State) {
    guard state.missing == 0, state.pending.count < Self.pendingLimit || state.failure == nil else {
      state.missing += 1
      state.missingInAll += 1
      return
    }
    state.chain.seal(state.members.bytes, into: &state.pending)
    state.recordsSinceCheckpoint += 1
  }

  private func checkpoint(_ state: inout State, at now: Timestamp) {
    guard state.missing == 0 else { return }
    keys.withAuditSigner { identity, sign in
      if state.chain.identity != identity {
        // Whoever verifies is told under whose signatures the trail goes on.
        state.chain.identity = identity
        state.members.set("identity", [("realm", Realm(identity: identity).word)], at: now)
        state.chain.seal(state.members.bytes, into: &state.pending)
      }
      state.chain.sealCheckpoint(time: SystemClock.text(now), into: &state.pending, sign: sign)
    }
    state.recordsSinceCheckpoint = 0
  }

  /// Writes what waits, wholly or not at all.
  private func flush(_ state: inout State) {
    do throws(FileFailure) {
      try append(&state)
      guard let failure = state.failure else { return }
      let missing = state.missing
      state.missing = 0
      state.failure = nil
      state.members.set(
        "gap", count: missing, [("reason", "\(failure)")], at: SystemClock.now)
      add(&state)
      try append(&state)
      logger.notice("the audit goes on; \(missing) events have no record")
    } catch {
      if state.failure == nil {
        logger.error("the audit cannot be written, the KDC serves on: \(error)")
      }
      state.failure = error
    }
  }

  private func append(_ state: inout State) throws(FileFailure) {
    guard !state.pending.isEmpty else { return }
    let records = state.pending
    try state.file.append(records.bytes)
    state.pending = []
  }

  /// How the trail is.
  struct Health {
    /// Why it cannot be written now; nil while it can.
    let failure: String?
    /// How many events have no record since the start, for want of room.
    let missing: Int
  }

  var health: Health {
    let unsaved = settlingFailure.withLock { $0 }
    return state.withLock { state in
      Health(failure: (state.failure ?? unsaved)?.description, missing: state.missingInAll)
    }
  }

  // MARK: Checkpoints and state

  private func scheduleCheckpoint(_ state: inout State) {
    guard state.recordsSinceCheckpoint > 0, !state.isCheckpointDue else { return }
    state.isCheckpointDue = true
    settler.asyncAfter(deadline: .now() + Self.checkpointInterval) { [self] in
      self.state.withLock { state in
        state.isCheckpointDue = false
        if state.recordsSinceCheckpoint > 0 { checkpoint(&state, at: SystemClock.now) }
        flush(&state)
      }
      settle()
    }
  }

  private func scheduleSettling(_ state: inout State) {
    guard !state.isSettlingDue else { return }
    state.isSettlingDue = true
    settler.asyncAfter(deadline: .now() + Self.settlingInterval) { [self] in
      self.state.withLock { state in
        state.isSettlingDue = false
        // A disk that was full may have room again, though nothing happens.
        flush(&state)
        if state.failure != nil { scheduleSettling(&state) }
        scheduleCheckpoint(&state)
      }
      settle()
    }
  }

  /// Waits until the records are on the disk, and puts the chain state there: the keys of those
  /// records are gone then.
  private func settle() {
    settling.withLock { settling in
      // Whatever is written after this is not waited for, and need not be.
      let snapshot: AuditState? = state.withLock { state in
        guard state.pending.isEmpty else { return nil }
        return state.chain.state(length: state.file.length, hasEnded: state.isClosed)
      }
      guard let snapshot else { return }
      do throws(FileFailure) {
        try settling.records.sync()
        try settling.twin.write(snapshot)
        settlingFailure.withLock { $0 = nil }
      } catch {
        let isNews = settlingFailure.withLock { failure in
          defer { failure = error }
          return failure == nil
        }
        if isNews { logger.error("the state of the audit cannot be saved: \(error)") }
      }
    }
  }

  /// The last record of this run, and a checkpoint. Nothing is written after that.
  func close() {
    state.withLock { state in
      let now = SystemClock.now
      state.members.set("stopped", at: now)
      add(&state)
      checkpoint(&state, at: now)
      flush(&state)
      state.isClosed = true
      if state.failure != nil { logger.error("the end of the audit is not written") }
    }
    settle()
  }
}
