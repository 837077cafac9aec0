internal import Cryptography
internal import SecretMemory
internal import Wire

extension KeyDistributionCenter {
  /// Step B2: what a receiver says of the login that shall open deposits for it.
  func deposits(
    _ ticket: borrowing TicketGrantingTicket, _ signature: LoginSignature,
    mailbox: PrincipalName?, present: DepositRecord?, _ random: inout some RandomSource
  ) -> DepositRecord {
    return DepositRecord(
      name: ticket.name, keyVersion: ticket.keyVersion, loginTime: ticket.loginTime,
      until: min(signature.expires, ticket.loginTime + PeerTrust.longestKeyLife),
      mailbox: mailbox, loginKey: ticket.signedLoginKey(signature),
      sealedTicketKey: sealedTicketKey(of: ticket, present: present, random: &random))
  }

  /// Step B3: of two logins the later takes deposits, and the earlier is told.
  func finish(
    _ granting: consuming PendingGranting, deposits record: DepositRecord, isNew: Bool,
    outcome: ChangeOutcome, at now: Timestamp, _ random: inout some RandomSource
  ) -> CenterAnswer {
    if let refusal = granting.refusal(of: outcome, from: self, at: now, random: &random) {
      return refusal
    }
    let message = granting.reply(.depositsTaken, from: self, at: now, random: &random) {
      $0.timestamp(record.until)
    }
    let event = CenterEvent(
      .depositsTaken, name: record.name, peer: record.mailbox, source: granting.source)
    return CenterAnswer(message, event: isNew ? event : nil)
  }

  /// Step M2: the names of those who serve so, in order, and from where the last answer ended.
  func services(
    _ names: [PrincipalName], for granting: consuming PendingGranting, at now: Timestamp,
    _ random: inout some RandomSource
  ) -> CenterAnswer {
    CenterAnswer(
      granting.reply(.services, from: self, at: now, random: &random) {
        $0.names(names.prefix(ServiceQuery.limit))
      })
  }
}
