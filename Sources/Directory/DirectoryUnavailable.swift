/// The store cannot be asked at the moment: the environment's fault.
public struct DirectoryUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  /// For the operator's log.
  public let description: String

  public init(_ reason: String) { description = reason }
}
