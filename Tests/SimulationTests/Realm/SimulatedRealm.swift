import KeyDistribution
import Wire

@testable import Directory

/// Where a KDC of the simulation has its users.
protocol SimulatedRealm: AnyObject {
  /// Whether a process can use it: false once a disk has ended it.
  var isUsable: Bool { get }

  /// A process of the KDC begins.
  ///
  /// - Returns: false when it came to its end already.
  func open(at now: Timestamp) -> Bool

  /// The process is gone.
  func close()

  /// - Parameter answer: gets nil when the records could not be had.
  func lookUp(_ query: RecordQuery, at now: Timestamp, answer: @escaping (Records?) -> Void)

  func apply(
    _ change: DirectoryChange, at now: Timestamp, answer: @escaping (ChangeOutcome) -> Void)
}

/// What really is in the realm, for the judge.
protocol RealmTruth: AnyObject {
  /// Another number whenever there may be something else in it; nil while nobody can look.
  var version: Int? { get }

  func user(_ name: PrincipalName) -> UserRecord?
}
