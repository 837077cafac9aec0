internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

extension KDCLink {
  /// How many names are asked for at most: anybody may announce a service.
  private static let serviceLimit = 1000

  /// Steps B1 to B3: says that a login opens deposits, whose keys are on the disk by now.
  ///
  /// - Parameter mailbox: where the user looks for deposits, for senders.
  /// - Returns: until when they may come, in KDC time.
  /// - Throws: `superseded` when a later login of the same name takes deposits.
  mutating func takeDeposits(
    with credential: inout Credential, mailbox: PrincipalName?, by way: Way
  ) throws(KDCFailure) -> Timestamp {
    var random = SystemRandom()
    let granted = try grant(
      by: way, { now in credential.takeDeposits(mailbox: mailbox, at: now, random: &random) },
      { (next: borrowing ExpectDeposits, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    setClock(to: granted.time)
    credential.renew(with: granted.renewal)
    return granted.value
  }

  /// Steps M1 and M2, as often as there is more: who serves so and is present, in order; the first
  /// thousand.
  mutating func services(
    _ kind: ServiceKind, asking credential: inout Credential
  ) throws(KDCFailure) -> [PrincipalName] {
    var names: [PrincipalName] = []
    repeat {
      let page = try services(kind, after: names.last, asking: &credential)
      names += page
      guard page.count == ExpectServices.pageLimit else { break }
    } while names.count < Self.serviceLimit
    return [PrincipalName](names.prefix(Self.serviceLimit))
  }

  private mutating func services(
    _ kind: ServiceKind, after last: PrincipalName?, asking credential: inout Credential
  ) throws(KDCFailure) -> [PrincipalName] {
    var random = SystemRandom()
    let granted = try grant(
      { now in credential.askForServices(kind, after: last, at: now, random: &random) },
      { (next: borrowing ExpectServices, message) throws(ExchangeFailure) in
        try next.receive(message.bytes)
      })
    setClock(to: granted.time)
    credential.renew(with: granted.renewal)
    return granted.value
  }
}
