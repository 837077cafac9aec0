internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

extension KDCLink {
  /// Steps D1 to D3: whether the KDC can connect to this machine at a port.
  ///
  /// - Throws: `unavailable` when the KDC tries somebody else of the same address, or did so less
  ///   than a second ago; `failed(.malformed)` from a KDC that does not know the question.
  mutating func askForReach(
    of credential: inout Credential, port: UInt16, patience: Interval = KDCLink.patience
  ) throws(KDCFailure) -> Reach {
    var random = SystemRandom()
    let granted = try grant(
      by: .stream, patience: patience,
      { now in credential.askForReach(port: port, at: now, random: &random) },
      { (next: borrowing ExpectReach, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    setClock(to: granted.time)
    credential.renew(with: granted.renewal)
    return granted.value
  }

  /// Whether the KDC still takes a login. The clock is set by its answer.
  mutating func checkAcceptance(
    of credential: borrowing Credential, by way: Way
  ) throws(KDCFailure) {
    var random = SystemRandom()
    let time = try grant(
      by: way, { now in credential.askForAcceptance(at: now, random: &random) },
      { (next: borrowing ExpectAcceptance, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    setClock(to: time)
  }

  /// KDC time, from an exchange that needs no login: step S1 for any name.
  mutating func askForTime(about name: PrincipalName) throws(KDCFailure) {
    let reply = try exchange(
      { (epoch, _) throws(ExchangeFailure) in try epoch.askForSalt(of: name) },
      { (next: consuming ExpectSalt, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    setClock(to: reply.time)
  }
}
