/// Something in an audit file that its KDC has not written so, and where.
public struct AuditFinding: Hashable, Sendable, CustomStringConvertible {
  public enum What: Hashable, Sendable {
    /// The line is none of the file's form.
    case noRecord
    case missing(ClosedRange<UInt64>)
    /// A record that comes twice, or after a later one.
    case outOfPlace(number: UInt64)
    /// The record is not what was written.
    case notAuthentic(number: UInt64)
    case badSignature(number: UInt64)
    /// In the lines from there to the one before this, something was changed, removed or added.
    case changed(since: Int)
    /// The file ends before these records.
    case cut(ClosedRange<UInt64>)
    /// The last line is not complete.
    case torn
    /// The state's key does not come from the initial key.
    case foreignState
  }

  /// Counted from 1. For what is missing, the line before which it is.
  public let line: Int
  public let what: What

  public var description: String {
    switch what {
    case .noRecord: "line \(line): damaged: this is no record"
    case .missing(let numbers): "line \(line): before it \(Self.text(numbers)) missing"
    case .outOfPlace(let number): "line \(line): record \(number) is out of its place"
    case .notAuthentic(let number): "line \(line): record \(number) was changed: its MAC is wrong"
    case .badSignature(let number):
      "line \(line): checkpoint \(number) is not signed by this KDC"
    case .changed(let first):
      "lines \(first) to \(line - 1): something was changed, removed or added there"
    case .cut(let numbers): "end of the file: \(Self.text(numbers)) cut off"
    case .torn: "end of the file: line \(line) is not complete"
    case .foreignState: "the chain state does not come from this initial key"
    }
  }

  private static func text(_ numbers: ClosedRange<UInt64>) -> String {
    numbers.count == 1
      ? "record \(numbers.lowerBound) is"
      : "records \(numbers.lowerBound) to \(numbers.upperBound) are"
  }
}

/// What the verification of an audit file has found.
public struct AuditVerdict: Sendable {
  private static let findingLimit = 100

  /// The first hundred.
  public private(set) var findings: [AuditFinding] = []
  public private(set) var findingCount = 0
  public internal(set) var lineCount = 0
  public internal(set) var recordCount = 0
  /// Records whose MAC was verified.
  public internal(set) var authenticCount = 0
  /// Checkpoints whose signature was verified.
  public internal(set) var checkpointCount = 0
  /// Records before this one were not looked at.
  public internal(set) var firstNumber: UInt64 = 0
  /// 0: there is none.
  public internal(set) var lastCheckpointLine = 0
  /// Up to here a checkpoint or the chain state covers the lines.
  public internal(set) var vouchedLine = 0
  public internal(set) var hasState = false
  public internal(set) var isTorn = false

  public var isGood: Bool { findingCount == 0 }

  mutating func add(_ finding: AuditFinding) {
    findingCount += 1
    if findings.count < Self.findingLimit { findings.append(finding) }
  }
}
