public import KeyDistribution
public import SecretMemory
public import Wire

/// The directory of a KDC that stands alone: users in `pwd.txt`, presence in `pwd.txt.presence`,
/// invitations in `pwd.txt.invitations`, logins that take deposits in `pwd.txt.deposits`.
public final class FileDirectory: RealmStore {
  public let users: UserFile
  public let presences: PresenceTable
  public let invitations: InvitationFile
  public let deposits: DepositFile
  /// On their way to these files.
  public let changes = ChangesUnderWay()

  /// Opens the files, or makes them.
  ///
  /// - Parameters:
  ///   - path: that of the user file.
  ///   - realm: the SHA-256 of the KDC's identity key, 32 bytes.
  ///   - now: KDC time.
  ///   - seal: makes the sealed digest of a user line written by hand with a plain one.
  ///   - report: is told, on any thread, what an operator should know.
  public init(
    path: String, realm: [UInt8], at now: Timestamp,
    sealingWith seal: (PrincipalName, _ keyVersion: UInt32, borrowing SecretBytes) -> [UInt8],
    report: @escaping @Sendable (FileProblem) -> Void
  ) throws(DirectoryFailure) {
    users = try UserFile(path: path, realm: realm, sealingWith: seal, report: report)
    // The lock of the user file is held by now, and covers this one as well.
    presences = PresenceTable(
      path: users.path + ".presence", realm: realm, at: now, report: report)
    invitations = try InvitationFile(
      path: users.path + ".invitations", realm: realm, at: now, report: report)
    deposits = try DepositFile(
      path: users.path + ".deposits", realm: realm, at: now, report: report)
  }

  public func recordsAtHand(
    _ query: RecordQuery, at now: Timestamp
  ) throws(DirectoryUnavailable) -> Records? { try records(query, at: now) }

  public func lookUp(
    _ query: RecordQuery, at now: Timestamp,
    answer: @escaping @Sendable (Result<Records, DirectoryUnavailable>) -> Void
  ) {
    answer(Result { () throws(DirectoryUnavailable) in try records(query, at: now) })
  }

  private func records(
    _ query: RecordQuery, at now: Timestamp
  ) throws(DirectoryUnavailable) -> Records {
    var records = Records()
    for name in query.users {
      if let record = try users.record(of: name) { records.users.add(record) }
    }
    for name in query.presences {
      if let record = presences.record(of: name, at: now) { records.presences.add(record) }
    }
    records.deposits = query.deposits.flatMap { deposits.record(of: $0, at: now) }
    records.services = query.services.map { presences.names($0, at: now) } ?? []
    return records
  }

  public func apply(
    _ change: DirectoryChange, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    switch change {
    case .register(let record): users.register(record, answer: answer)
    case .registerInvited(let record, let invitation):
      register(record, by: invitation, at: now, answer: answer)
    case .update(let record, let keyVersion):
      users.update(record, replacing: keyVersion, answer: answer)
    case .announce(let record): answer(presences.announce(record, at: now))
    case .withdraw(let name, let loginTime):
      answer(presences.withdraw(name, loginTime: loginTime, at: now))
    case .takeDeposits(let record): deposits.enter(record, at: now, answer: answer)
    }
  }

  private func register(
    _ record: UserRecord, by invitation: [UInt8], at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    let isReserved = invitations.isReserved(invitation, for: record.name)
    invitations.spend(invitation, on: record, at: now) { [self] outcome, wasOpen in
      guard outcome == .done else { return answer(outcome) }
      users.register(record, mayTakeReset: isReserved) { [self] outcome in
        // What an earlier registration has spent stays so: it may have registered this very user.
        if outcome == .conflict, wasOpen { invitations.reopen(invitation) }
        answer(outcome)
      }
    }
  }

  public func visitUsers(_ body: (UserRecord) -> Void) throws(DirectoryUnavailable) {
    do throws(DirectoryFailure) {
      try users.visit(body)
    } catch {
      throw DirectoryUnavailable("\(error)")
    }
  }

  public func replace(
    _ former: UserRecord, with record: UserRecord,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    users.replace(former, with: record, answer: answer)
  }

  public func replace(
    _ former: DepositRecord, with record: DepositRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    deposits.replace(former, with: record, at: now, answer: answer)
  }

  public func add(
    _ invitation: InvitationRecord, at now: Timestamp,
    answer: @escaping @Sendable (ChangeOutcome) -> Void
  ) {
    invitations.add(invitation, at: now, answer: answer)
  }

  public func presences(at now: Timestamp) -> [PresenceRecord] { presences.records(at: now) }

  public func deposits(at now: Timestamp) -> [DepositRecord] { deposits.records(at: now) }

  public func invitations(at now: Timestamp) -> [InvitationState] { invitations.all(at: now) }

  public func figures(at now: Timestamp) -> StoreFigures {
    StoreFigures(
      names: users.count, receivers: presences.count(at: now),
      openInvitations: invitations.open(at: now).count)
  }

  /// There is one `kdc.key`.
  public func adoptPresentKeys() {}

  /// There is no other KDC.
  public func share(_ proof: WrongProof) {}

  /// Each file forgets when it is written.
  public func maintain(at now: Timestamp) {}

  /// Waits until every change is written, and lets go of the files. Later changes of users fail.
  /// Never called from an answer.
  public func close() {
    presences.close()
    invitations.close()
    deposits.close()
    users.close()
  }
}
