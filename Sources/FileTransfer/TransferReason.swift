/// Why a file is not taken, not sent to its end, or not kept.
///
/// Only this code crosses the wire, so that neither side can put words on the other's screen.
public enum TransferReason: UInt8, Error, Hashable, Sendable, CaseIterable,
  CustomStringConvertible
{
  case declined = 1
  case cannotWrite = 2
  case noSpace = 3
  case tooLarge = 4
  case busy = 5
  case sourceFailed = 6
  case damaged = 7
  case unacceptable = 8
  case exists = 9
  case oneFileOnly = 10
  case nameTooLong = 11
  case notWritable = 12
  case programStopped = 13

  /// A sentence for a person on either side.
  public var description: String {
    switch self {
    case .declined: "The receiver declined: neither a person nor a rule there accepts this."
    case .cannotWrite: "The receiver cannot write the file."
    case .noSpace: "The receiver has no space left for the file, or has used up its quota."
    case .tooLarge: "The file is larger than the receiver accepts."
    case .busy: "The receiver is busy with another transfer. Try again later."
    case .sourceFailed: "The sender could not read the file to its end."
    case .damaged: "The file was damaged on the way. Send it again."
    case .unacceptable: "The receiver does not take a list with such names or links."
    case .exists: "The receiver has something of that name already."
    case .oneFileOnly: "The receiver takes a single file only."
    case .nameTooLong: "A name is too long for the receiver's file system."
    case .notWritable: "The receiver may not write there, or its file system is read-only."
    case .programStopped: "The receiver's program did not take all of it."
    }
  }
}
