public import Cryptography
public import SecretMemory
internal import Wire

/// Reads an audit file line by line, and finds what was changed in it (AUDIT.md, 6).
///
/// With the initial key every record is verified by itself. Without it lines up to the last
/// checkpoint are, as a whole between two of them; and with the chain state all that it counts, and
/// each record that was added since then.
public struct AuditVerifier: ~Copyable {
  /// Where an honest file would have a state.
  private struct Mark {
    let count: UInt64
    let mac: [UInt8]
    let head: [UInt8]
  }

  /// A key that moves along with the records.
  private final class Walk {
    var key: AuditKey

    init(_ secret: borrowing SecretBytes, of number: UInt64) {
      key = AuditKey(secret.duplicate(), of: number)
    }
  }

  /// A jump of more than this is not followed: the number was made up.
  private static let longestGap: UInt64 = 10_000_000

  /// The KDC's, the one of now and later at the front; empty: checkpoints are not verified.
  private var identities: ArraySlice<VerifyingKey>
  /// The first line may be of a later file.
  private let beginsLater: Bool
  private let mark: Mark?
  private let markWalk: Walk?
  private var isMarkPassed = false
  /// The key of the next record, when it is known.
  private var walk: Walk?

  private var line = 0
  /// The number that the next record should have.
  private var expected: UInt64 = 0
  private var mac = [UInt8](repeating: 0, count: SHA256.byteCount)
  private var head = [UInt8](repeating: 0, count: SHA256.byteCount)
  /// Whether `mac` is that of the record before: not after a line that is missing or damaged.
  private var isLinked = true
  /// The last line of which head was as it should be, and how many findings there were then.
  private var vouched = (line: 0, findings: 0)
  private var verdict = AuditVerdict()

  /// - Parameters:
  ///   - identities: the KDC's, one after the other where it was replaced; none: checkpoints are
  ///     not verified.
  ///   - initialKey: nil: MACs are verified only from `state` on.
  ///   - state: as it was before the file was read.
  ///   - beginsLater: files before the first one are not looked at; its own word is taken for what
  ///     the chain was.
  public init(
    identities: [VerifyingKey], initialKey: consuming SecretBytes?, state: consuming AuditState?,
    beginsLater: Bool = false
  ) {
    self.identities = identities[...]
    self.beginsLater = beginsLater
    switch initialKey {
    case .some(let secret): walk = Walk(secret, of: 0)
    case .none: walk = nil
    }
    switch state {
    case .some(let state):
      mark = Mark(count: state.count, mac: state.mac, head: state.head)
      markWalk = Walk(state.key, of: state.count)
    case .none:
      mark = nil
      markWalk = nil
    }
  }

  private mutating func find(_ what: AuditFinding.What) {
    verdict.add(AuditFinding(line: line, what: what))
  }

  /// - Parameter text: the next line, without its newline.
  public mutating func take(_ text: [UInt8]) {
    line += 1
    guard let record = AuditRecord(text) else {
      passMark(before: expected)
      find(.noRecord)
      // It stands where a record should be.
      expected = Self.successor(of: expected)
      isLinked = false
      return follow(text)
    }
    if line == 1, beginsLater { begin(with: record, text) }
    guard record.number >= expected else {
      find(.outOfPlace(number: record.number))
      return
    }
    passMark(before: record.number)
    if record.number > expected {
      find(.missing(expected...(record.number - 1)))
      isLinked = false
    }
    checkMAC(of: record)
    mac = record.mac
    isLinked = true
    expected = Self.successor(of: record.number)
    verdict.recordCount += 1
    if record.isCheckpoint { checkSignature(of: record, text) }
    follow(text)
  }

  /// Goes on from what a file that is not the first one says of those before it; its MAC covers it.
  private mutating func begin(with record: AuditRecord, _ text: [UInt8]) {
    guard let link = AuditLink(text) else { return }
    verdict.firstNumber = record.number
    expected = record.number
    mac = link.mac
    head = link.head
    // The walk is as long as all that was before.
    if record.number <= Self.longestGap { walk?.key.advance(to: record.number) }
  }

  private static func successor(of number: UInt64) -> UInt64 {
    number == .max ? .max : number + 1
  }

  private mutating func follow(_ text: [UInt8]) {
    head = AuditRecord.head(after: head, line: text.bytes)
  }

  private mutating func checkMAC(of record: AuditRecord) {
    guard let walk, walk.key.number <= record.number else { return }
    guard record.number - expected <= Self.longestGap else {
      self.walk = nil
      return
    }
    walk.key.advance(to: record.number)
    let macKey = walk.key.next()
    guard isLinked else { return }
    let genuine = record.mac(after: mac, under: macKey.bytes)
    if equalInConstantTime(genuine.bytes, record.mac.bytes) {
      verdict.authenticCount += 1
    } else {
      find(.notAuthentic(number: record.number))
    }
  }

  private mutating func checkSignature(of record: AuditRecord, _ text: [UInt8]) {
    guard !identities.isEmpty else { return }
    // Whoever has been replaced signs nothing any more.
    guard let checkpoint = AuditCheckpoint(text),
      let place = identities.firstIndex(where: {
        checkpoint.isValid(number: record.number, identity: $0)
      })
    else {
      find(.badSignature(number: record.number))
      return
    }
    identities = identities[place...]
    vouch(for: checkpoint.head)
    verdict.checkpointCount += 1
    verdict.lastCheckpointLine = line
  }

  /// The lines before this one have this head, or something was done to one of them.
  private mutating func vouch(for genuine: [UInt8]) {
    if genuine != head {
      // Told already, when a line of this stretch was found.
      if verdict.findingCount == vouched.findings {
        find(.changed(since: vouched.line + 1))
      }
      head = genuine
    }
    vouched = (line - 1, verdict.findingCount)
  }

  /// Compares with the state where it belongs: before the record of its count.
  private mutating func passMark(before number: UInt64) {
    guard let mark, let markWalk, !isMarkPassed, number >= mark.count else { return }
    isMarkPassed = true
    if let walk {
      if expected <= mark.count, mark.count - expected <= Self.longestGap,
        walk.key.number <= mark.count
      {
        walk.key.advance(to: mark.count)
        let found = walk.key.secret.duplicate()
        let genuine = markWalk.key.secret.duplicate()
        if !equalInConstantTime(found.bytes, genuine.bytes) { find(.foreignState) }
      }
    } else {
      // Without the initial key, verification of MACs begins here.
      walk = markWalk
    }
    guard expected == mark.count else { return }
    vouch(for: mark.head)
    mac = mark.mac
    isLinked = true
  }

  /// What there is to say about the whole file.
  ///
  /// - Parameter isTorn: whether the file ends with a part of a line, which was not taken.
  public consuming func finish(isTorn: Bool) -> AuditVerdict {
    line += 1
    if let mark {
      passMark(before: expected)
      if expected < mark.count { find(.cut(expected...(mark.count - 1))) }
    } else if isTorn {
      find(.torn)
    }
    verdict.isTorn = isTorn
    verdict.lineCount = line - 1
    verdict.vouchedLine = max(vouched.line, verdict.lastCheckpointLine)
    verdict.hasState = mark != nil
    return verdict
  }
}
