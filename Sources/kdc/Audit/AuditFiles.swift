import Audit
import Cryptography
import DurableFiles
import Logging
import SecretMemory

/// Why there can be no audit trail, as a sentence for the operator.
struct AuditFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension TwinFile {
  /// Puts the chain state there, in the place of the one with the key of before.
  func write(_ state: consuming AuditState) throws(FileFailure) {
    let encoded = state.encoded()
    try write(encoded.bytes)
  }
}

/// An audit file and what is beside it.
struct AuditFiles {
  let records: String

  init(_ records: String) { self.records = records }

  /// The chain state with the present key.
  var state: String { records + ".key" }
  /// The initial key, until the operator takes it away.
  var initialKey: String { records + ".initial" }
  /// Held by who writes.
  var lock: String { records + ".lock" }

  private static let initialKeyLimit = 4096

  /// The chain at the end of the file, which is made when there is none. For who has the lock.
  ///
  /// In this order, so that a crash between any two steps leaves what the next start goes on with:
  /// state, initial key, records. A file that was moved away goes on in a new one, if nothing can
  /// have been in it that the state does not count.
  func open(identity: VerifyingKey, logger: Logger) throws -> AuditChain {
    for path in [state, initialKey] { try removePartialFiles(of: path) }
    let found = try readState() ?? begin()
    var file = try AppendFile(path: records)
    if found.count == 0 { try handOutInitialKey(found) }
    if file.length == 0, found.count > 0 {
      guard found.hasEnded || found.length == 0 else {
        throw AuditFailure(
          "\(records) is not there, but the KDC that wrote it was killed: put it back for one start"
        )
      }
      let chain = AuditChain(found, identity: identity)
      try TwinFile(state).write(chain.state(length: 0))
      return chain
    }
    guard file.length >= found.length, try endsWithLastRecord(of: found) else {
      throw AuditFailure(
        "\(records) is not as this KDC left it, \(found.count) records long: "
          + "see kdc audit verify. To begin a new one, move it and \(state) away")
    }
    var chain = AuditChain(found, identity: identity)
    var reader = try AuditFileReader(records, from: found.length)
    while let line = try reader.next() {
      guard chain.adopt(line) else {
        throw AuditFailure(
          "\(records) has a line at its end that this KDC has not written: see kdc audit verify. "
            + "To begin a new one, move it and \(state) away")
      }
    }
    if reader.isTorn { try file.truncate(to: reader.position) }
    if try hasInitialKey() {
      logger.warning(
        """
        \(initialKey) verifies the audit, and would let a thief rewrite it: move it off this \
        machine
        """)
    }
    return chain
  }

  /// Nil when there is none; a damaged one is an error.
  func readState() throws -> AuditState? {
    guard let copies = try TwinFile.read(state, count: AuditState.byteCount) else { return nil }
    // The first one is written first.
    if let first = AuditState(copies.first.bytes) { return first }
    guard let second = AuditState(copies.second.bytes) else {
      throw AuditFailure("\(state) is damaged")
    }
    return second
  }

  private func begin() throws -> AuditState {
    if let size = try? OpenFile(reading: records).size(), size > 0 {
      throw AuditFailure(
        "\(state) is missing, without which \(records) cannot go on: move that away, too, to begin "
          + "a new one")
    }
    if try hasInitialKey() {
      throw AuditFailure("\(initialKey) belongs to an audit of before: move it away")
    }
    var random = SystemRandom()
    let fresh = AuditState(initialKey: random.secret(32))
    let encoded = fresh.encoded()
    try TwinFile.create(state, encoded.bytes)
    return fresh
  }

  private func hasInitialKey() throws -> Bool {
    try SecretFile.read(initialKey, limit: Self.initialKeyLimit) != nil
  }

  private func handOutInitialKey(_ state: borrowing AuditState) throws {
    guard let key = state.encodedInitialKey() else { return }
    var file = try AtomicFile(replacing: initialKey, mode: 0o600)
    try file.write(key.bytes)
    if try file.commitIfAbsent() { return }
    // Of a start that did not come further, or of another audit.
    guard let found = try readSecretFile(initialKey, limit: Self.initialKeyLimit),
      equalInConstantTime(found.bytes, key.bytes)
    else {
      throw AuditFailure("\(initialKey) belongs to an audit of before: move it away")
    }
  }

  /// Whether the file has, where the state says, the record that the state says.
  private func endsWithLastRecord(of state: borrowing AuditState) throws -> Bool {
    guard state.count > 0, state.length > 0 else { return true }
    let length = UInt64(AuditRecord.tailByteCount + 1)
    guard state.length >= length else { return false }
    var reader = try AuditFileReader(records, from: state.length - length)
    guard let tail = try reader.next() else { return false }
    return tail == AuditRecord.tail(mac: state.mac)
  }
}
