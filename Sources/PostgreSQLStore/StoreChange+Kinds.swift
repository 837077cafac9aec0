#if PostgreSQL
internal import Directory
internal import KeyDistribution
internal import Wire

extension StoreChange {
  typealias Answer = @Sendable (ChangeOutcome) -> Void

  /// A change that counts when it has changed a row.
  private init(_ name: PrincipalName?, _ command: Command, _ answer: @escaping Answer) {
    self.init(
      command: command, name: name,
      outcome: { $0.changedCount > 0 ? .done : .conflict }, answer: answer)
  }

  /// What a request changes.
  init(_ change: DirectoryChange, at now: Timestamp, answer: @escaping Answer) {
    switch change {
    case .register(let record):
      self.init(record.name, Command(.register, Self.columns(record)), answer)
    case .registerInvited(let record, let hash):
      let values = [Self.text(hash)] + Self.columns(record) + [Self.text(now)]
      self.init(
        command: Command(.registerInvited, values), name: record.name,
        outcome: { result in
          switch result.text(0, 0) {
          case "done": .done
          case "conflict": .conflict
          default: .notInvited
          }
        }, answer: answer)
    case .update(let record, let keyVersion):
      self.init(
        record.name, Command(.update, Self.columns(record) + ["\(keyVersion)"]), answer)
    case .announce(let record): self.init(announce: record, at: now, answer)
    case .withdraw(let name, let loginTime):
      self.init(
        command: Command(
          .withdraw,
          ["\(name)", Self.text(loginTime), "\(LookUps.alive(at: now))", Self.text(now)]),
        name: name, outcome: { $0.rowCount > 0 ? .conflict : .done }, answer: answer)
    case .takeDeposits(let record):
      self.init(
        record.name,
        Command(
          .takeDeposits,
          Self.columns(record) + [Self.text(now)]), answer)
    }
  }

  private init(announce record: PresenceRecord, at now: Timestamp, _ answer: @escaping Answer) {
    self.init(
      record.name,
      Command(
        .announce,
        Self.columns(record) + ["\(LookUps.alive(at: now))", Self.text(now)]), answer)
  }

  init(replace former: UserRecord, with record: UserRecord, answer: @escaping Answer) {
    self.init(
      record.name,
      Command(.replaceUser, Self.columns(record) + [RecordLines.text(of: former)]), answer)
  }

  init(replace former: DepositRecord, with record: DepositRecord, answer: @escaping Answer) {
    self.init(
      record.name,
      Command(
        .replaceDeposits,
        [
          "\(record.name)", Self.text(record.until), RecordLines.text(of: record),
          RecordLines.text(of: former),
        ]), answer)
  }

  init(add invitation: InvitationRecord, at now: Timestamp, answer: @escaping Answer) {
    self.init(
      nil,
      Command(
        .invite,
        [
          Self.text(invitation.hash), invitation.name?.description,
          Self.text(invitation.expires), Self.text(now), "\(InvitationFile.limit)",
        ]), answer)
  }

  init(share proof: WrongProof, by replica: String) {
    self.init(
      nil,
      Command(
        .shareWrongProof, [replica, "\(proof.name)", "\(proof.source)", Self.text(proof.time)]),
      { _ in })
  }

  /// Not a change: counts what is there, where a look-up need not wait for it.
  init(count now: Timestamp, take: @escaping @Sendable (StoreFigures) -> Void) {
    let values = ["\(LookUps.alive(at: now))", Self.text(now)]
    self.init(
      command: Command(.figures, values), name: nil,
      outcome: { row in
        take(
          StoreFigures(
            names: row.number(0, 0) ?? 0, receivers: row.number(0, 1) ?? 0,
            openInvitations: row.number(0, 2) ?? 0))
        return .done
      }, answer: { _ in })
  }

  /// Everything in a table that was over before a moment.
  init(forget statement: Statement, before moment: Timestamp) {
    self.init(nil, Command(statement, [Self.text(moment)]), { _ in })
  }

  // MARK: Columns

  static func columns(_ record: PresenceRecord) -> [String?] {
    [
      "\(record.name)", text(record.loginTime), text(record.loginEnd),
      record.service.map { "\($0.rawValue)" }, RecordLines.text(of: record),
    ]
  }

  static func columns(_ record: DepositRecord) -> [String?] {
    [
      "\(record.name)", text(record.loginTime), text(record.until), RecordLines.text(of: record),
    ]
  }

  static func columns(_ record: UserRecord) -> [String?] {
    [
      "\(record.name)", "\(record.keyVersion)", record.state.rawValue,
      RecordLines.text(of: record),
    ]
  }

  static func text(_ hash: [UInt8]) -> String { Hexadecimal.encode(hash) }

  /// The store's numbers have a sign.
  static func text(_ moment: Timestamp) -> String {
    "\(Int64(clamping: moment.milliseconds))"
  }
}
#endif
