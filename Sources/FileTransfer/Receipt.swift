internal import SecretMemory
public import Wire

/// The receiver's last word: that it has all of the content on its disk, or why not.
///
/// Kind 0x03, zero or the code of a reason, bytes of content that it has (8), exit status of the
/// program that took them, or stopped taking them (1, zero when there was none). No hash: what
/// opens under the tags of the chunks is what was sealed (DESIGN.md, 2.1).
public struct Receipt: Hashable, Sendable {
  /// How a transfer ended at the receiver's.
  public enum Outcome: Hashable, Sendable {
    /// Every chunk opened, the last one met, all of it durable; or taken to the end by a program
    /// that ended with this status.
    case complete(exitStatus: UInt8)
    /// For `programStopped` there is a case of its own.
    case failed(TransferReason)
    /// The program that was to take the content ended with this status, or was ended, before it
    /// had taken all of it.
    case programStopped(exitStatus: UInt8)
  }

  /// Whether it is complete, and if not, why.
  public let outcome: Outcome
  /// Plaintext bytes, those of earlier attempts included.
  public let byteCount: UInt64

  /// What a receiver says in the end, about so many bytes of content that it has.
  public init(_ outcome: Outcome, byteCount: UInt64) {
    self.outcome = outcome
    self.byteCount = byteCount
  }

  /// Reads a whole record.
  public init(_ record: RawSpan) throws(WireError) {
    var reader = ByteReader(record)
    try reader.expect(.receipt)
    let reason = try reader.reasonOrZero()
    byteCount = try reader.uint64()
    let exitStatus = try reader.uint8()
    try reader.finish()
    if reason == .programStopped {
      outcome = .programStopped(exitStatus: exitStatus)
    } else if let reason {
      guard exitStatus == 0 else { throw .invalid("exit status") }
      outcome = .failed(reason)
    } else {
      outcome = .complete(exitStatus: exitStatus)
    }
  }

  /// The plaintext of a record.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.uint8(TransferMessage.Kind.receipt.rawValue)
    let (reason, exitStatus): (TransferReason?, UInt8) =
      switch outcome {
      case .complete(let exitStatus): (nil, exitStatus)
      case .failed(let reason): (reason, 0)
      case .programStopped(let exitStatus): (.programStopped, exitStatus)
      }
    writer.uint8(reason?.rawValue ?? 0)
    writer.uint64(byteCount)
    writer.uint8(exitStatus)
    return writer.publicBytes()
  }
}
