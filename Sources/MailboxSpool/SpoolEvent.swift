public import DurableFiles
public import MailboxService

/// What happens in a spool that nobody has asked for.
public enum SpoolEvent: Hashable, Sendable, CustomStringConvertible {
  /// It has waited long enough.
  case expired(Boxes.Item)
  /// Something that is not what was written there, or not ours, is kept apart.
  case setAside(String, as: String, reason: String)
  /// It is left where it is, and not served.
  case left(String, reason: String)
  case failed(FileFailure)

  public var description: String {
    switch self {
    case .expired(let item):
      "expired number \(item.deposit.number) from \(item.deposit.sender) for \(item.receiver)"
    case .setAside(let path, let place, let reason):
      "damaged: \(path) is set aside as \(place): \(reason)"
    case .left(let path, let reason): "damaged: \(path) is not served: \(reason)"
    case .failed(let failure): "\(failure)"
    }
  }
}
