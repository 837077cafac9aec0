/// Why a file is not taken, not sent to its end, or not kept.
///
/// Only this code crosses the wire, so that neither side can put words on the other's screen.
public enum TransferReason: UInt8, Error, Hashable, Sendable, CaseIterable,
  CustomStringConvertible
{
  /// A rule or a person does not want it.
  case declined = 1
  /// The receiver's system does not let it.
  case cannotWrite = 2
  /// The receiver's disk is full.
  case noSpace = 3
  /// It is more than the receiver takes.
  case tooLarge = 4
  /// There are too many transfers at once; later it may be taken.
  case busy = 5
  /// The sender could not read it, or it changed meanwhile.
  case sourceFailed = 6
  /// A chunk did not verify, or the content ended too early.
  case damaged = 7
  /// The list breaks the rules.
  case unacceptable = 8
  /// A name is taken at the receiver's.
  case exists = 9
  /// It is not one file, and the receiver takes one.
  case oneFileOnly = 10
  /// The receiver's disk does not take a name.
  case nameTooLong = 11
  /// The receiver's folder may not be written to.
  case notWritable = 12
  /// The receiver's program ended before it had all.
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
