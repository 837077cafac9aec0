/// What a principal serves others with, when it is more than a receiver of its own files
/// (PROTOCOL.md, 4.4).
public enum ServiceKind: UInt8, Hashable, Sendable {
  /// Keeps deposits for receivers who are away.
  case mailbox = 1
}
