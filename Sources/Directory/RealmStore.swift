internal import Dispatch
public import KeyDistribution
internal import Synchronization
public import Wire

/// What a store offers to those who run a realm, beyond what requests need. What throws may wait
/// for the store: not for a thread that serves.
public protocol RealmStore: Directory, RealmContent {
  /// The changes of users on their way there.
  var changes: ChangesUnderWay { get }

  /// Puts a record in the place of exactly that one, which is a conflict where it is not there.
  func replace(
    _ former: UserRecord, with record: UserRecord,
    answer: @escaping @Sendable (ChangeOutcome) -> Void)

  /// The same for a login that takes deposits.
  func replace(
    _ former: DepositRecord, with record: DepositRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void)

  /// Adds an invitation. `done` when it is durable, a conflict when there are too many.
  func add(
    _ invitation: InvitationRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void)

  /// How much is in it, as far as known without waiting.
  func figures(at now: Timestamp) -> StoreFigures

  /// `kdc.key` has other keys than when the store was opened: from now on a KDC with those is
  /// refused.
  func adoptPresentKeys() throws(DirectoryUnavailable)

  /// Tells other KDCs of the realm that a proof was wrong.
  func share(_ proof: WrongProof)

  /// Forgets what is over, and whatever else is to be done every few seconds.
  func maintain(at now: Timestamp)

  /// Waits until every change is made, and lets go of the store. Later changes fail. Never called
  /// from an answer.
  func close()
}

/// How much is in a store.
public struct StoreFigures: Hashable, Sendable {
  /// Removed users among them.
  public var names: Int
  public var receivers: Int
  public var openInvitations: Int

  public init(names: Int, receivers: Int, openInvitations: Int) {
    self.names = names
    self.receivers = receivers
    self.openInvitations = openInvitations
  }
}

/// A proof of a secret that was not right.
public struct WrongProof: Hashable, Sendable {
  public let name: PrincipalName
  public let source: NetworkAddress
  public let time: Timestamp

  public init(name: PrincipalName, source: NetworkAddress, time: Timestamp) {
    self.name = name
    self.source = source
    self.time = time
  }
}

extension RealmStore {
  /// Looks records up, and waits for them.
  public func records(
    _ query: RecordQuery, at now: Timestamp
  ) throws(DirectoryUnavailable) -> Records {
    let answer = waiting(for: Result<Records, DirectoryUnavailable>.self) {
      lookUp(query, at: now, answer: $0)
    }
    return try answer.get()
  }

  /// Waits for what an asynchronous call answers.
  public func waiting<Answer: Sendable>(
    for _: Answer.Type = Answer.self, _ begin: (@escaping @Sendable (Answer) -> Void) -> Void
  ) -> Answer {
    let answer = Mutex<Answer?>(nil)
    let done = DispatchSemaphore(value: 0)
    begin { result in
      answer.withLock { $0 = result }
      done.signal()
    }
    while true {
      done.wait()
      if let result = answer.withLock({ $0 }) { return result }
    }
  }
}
