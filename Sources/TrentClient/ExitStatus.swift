/// How a program of this project ends. The one table that help, reference and code go by.
public enum ExitStatus: Int32, CaseIterable, Sendable {
  /// All that was asked for has been done.
  case done = 0
  /// None of the others.
  case other = 1
  /// There is no way to the KDC, or it cannot do it now.
  case kdcUnreachable = 3
  /// Somebody may be posing as the KDC, or nobody has said that it is the right one.
  case kdcIdentity = 4
  /// The passphrase, the login or the name is not accepted.
  case authenticationRefused = 5
  /// The receiver does not receive, or cannot be reached.
  case receiverAbsent = 6
  /// The receiver, or a rule of its, has said no.
  case refusedByReceiver = 7
  /// It had begun, and went no further.
  case transferBroken = 8
  /// Something on this machine cannot be read or written.
  case fileFailure = 9
  /// Somebody may be posing as the peer, or nobody has said that it is the right one.
  case peerIdentityChanged = 10
  /// A sender's and a receiver's: the program that `--exec` names.
  case programFailed = 11
  /// `EX_USAGE` of sysexits.h, which swift-argument-parser ends with as well.
  case usage = 64

  /// What `--help` says of it.
  public var meaning: String {
    switch self {
    case .done: "done"
    case .other: "anything else"
    case .kdcUnreachable: "KDC unreachable"
    case .kdcIdentity: "KDC identity unknown or changed"
    case .authenticationRefused: "authentication refused"
    case .receiverAbsent: "receiver not there"
    case .refusedByReceiver: "refused by receiver"
    case .transferBroken: "transfer broken"
    case .fileFailure: "cannot read or write"
    case .peerIdentityChanged: "peer's identity unknown or changed"
    case .programFailed: "receiver's program failed"
    case .usage: "wrong usage"
    }
  }

  /// One line for each status, in ascending order, for `--help`.
  public static var table: String {
    allCases.map { status in
      let number = String(status.rawValue)
      let padding = String(repeating: " ", count: max(0, 4 - number.count))
      return padding + number + "  " + status.meaning
    }.joined(separator: "\n")
  }
}
