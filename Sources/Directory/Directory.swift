public import KeyDistribution
public import Wire

/// Where a KDC keeps its users and who of them is present.
///
/// Answers come through closures, on whatever thread has them: at once from memory, later from a
/// store that is elsewhere. Every answer comes exactly once.
public protocol Directory: Sendable {
  /// The records of the names in a query, if this store has them here and now; nil when it has to
  /// ask elsewhere. Who is told nil goes on with `lookUp`.
  ///
  /// - Parameter now: KDC time, which decides whose presence is alive.
  func recordsAtHand(
    _ query: RecordQuery, at now: Timestamp
  ) throws(DirectoryUnavailable) -> Records?

  /// Tells the records of the names in a query.
  ///
  /// - Parameter now: KDC time, which decides whose presence is alive.
  func lookUp(
    _ query: RecordQuery, at now: Timestamp,
    answer: @escaping @Sendable (Result<Records, DirectoryUnavailable>) -> Void)

  /// Makes a change as a whole or not at all. `done` is told when it is durable, and not before.
  func apply(
    _ change: DirectoryChange, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void)
}

extension Directory {
  public func recordsAtHand(
    _ query: RecordQuery, at now: Timestamp
  ) throws(DirectoryUnavailable) -> Records? { nil }
}
