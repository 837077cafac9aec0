internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// The KDC under load: where it is, who it must be, its present epoch key and its clock.
final class LoadedKDC {
  let address: NetworkAddress
  let realm: Realm
  private(set) var epoch: VerifiedEpoch
  /// Connections for what has to happen before the load itself.
  private let volley: Volley
  /// KDC time less this machine's, in milliseconds.
  private var clockOffset: Int64 = 0

  private static let patience = Interval.seconds(10)
  /// How many requests of the preparations are under way at a time.
  private static let preparations = 32

  /// Steps E1 to E4.
  ///
  /// - Parameter expected: the identity that it must have; nil trusts whoever answers.
  init(host: String, port: UInt16, expected: Realm?) throws(LoadFailure) {
    address = try Self.reachableAddress(host: host, port: port)
    volley = try Volley(to: address, by: .tcp, concurrency: Self.preparations)
    let announced = try Self.askForEpoch(over: volley)
    if let expected, !announced.identity.isFrom(expected.identity) {
      throw Self.anotherOne(announced)
    }
    realm = announced.realm
    epoch = try Self.accept(announced, of: realm)
  }

  private static func reachableAddress(
    host: String, port: UInt16
  ) throws(LoadFailure) -> NetworkAddress {
    do throws(TransportFailure) {
      let stream = try StreamConnection.connect(
        toAny: Resolver.resolve(host: host, port: port), deadline: .after(patience))
      guard let address = stream.peerAddress else { throw .closedByPeer }
      return address
    } catch {
      throw LoadFailure(error)
    }
  }

  // MARK: The epoch key

  /// A key is good for an hour and 500,000 logins: who goes on for long asks again.
  func refreshEpoch() throws(LoadFailure) {
    epoch = try Self.accept(try Self.askForEpoch(over: volley), of: realm)
  }

  private static func askForEpoch(over volley: Volley) throws(LoadFailure) -> AnnouncedEpoch {
    let answer = try volley.fire([AnnouncedEpoch.request]).answers[0]
    guard case .success(let message) = answer.result else {
      throw LoadFailure("the KDC does not answer")
    }
    return try worded { () throws(ExchangeFailure) in try AnnouncedEpoch(message.bytes) }
  }

  private static func accept(
    _ announced: AnnouncedEpoch, of realm: Realm
  ) throws(LoadFailure) -> VerifiedEpoch {
    guard announced.realm == realm else { throw anotherOne(announced) }
    return try worded { () throws(ExchangeFailure) in
      try announced.accept(pinned: realm, at: .wallClock(SystemClock.now))
    }
  }

  private static func anotherOne(_ announced: AnnouncedEpoch) -> LoadFailure {
    LoadFailure(
      "the KDC is not the one that --kdc-key names: its identity is \(announced.realm.word)")
  }

  // MARK: Its clock

  /// KDC time.
  var now: Timestamp {
    let here = SystemClock.now
    return clockOffset < 0
      ? here - .milliseconds(clockOffset.magnitude) : here + .milliseconds(clockOffset.magnitude)
  }

  /// Takes over the time of an authentic reply.
  func setClock(to time: Timestamp) {
    clockOffset =
      Int64(clamping: time.milliseconds) - Int64(clamping: SystemClock.now.milliseconds)
  }

  // MARK: Preparations

  /// Makes exchanges that all have to succeed before the load can begin.
  func exchange(_ requests: [PreparedRequest]) throws(LoadFailure) {
    let answers = try volley.fire(requests.map(\.message)).answers
    for (request, answer) in zip(requests, answers) {
      guard case .success(let message) = answer.result else {
        throw LoadFailure("the KDC did not answer while the load was being prepared")
      }
      try worded { () throws(ExchangeFailure) in try request.read(message) }
    }
  }
}
