public import Wire

/// The times and limits of a KDC (PROTOCOL.md, section 6).
public struct CenterPolicy: Hashable, Sendable {
  /// How long an epoch key is good for.
  public var epochLifetime = Interval.minutes(60)
  /// How old the newest epoch key gets before the next one is made.
  public var epochRenewal = Interval.minutes(30)
  /// How many logins one epoch key serves. After that the next epoch begins.
  public var servedRequestsPerEpoch = 500_000
  /// How many epoch keys are alive at a time.
  public var epochsKept = 8
  /// The longest login.
  public var longestLogin = Interval.hours(10)
  /// How far the time of a granting request, or of a change of secret, may be from the KDC's.
  public var requestTolerance = Interval.seconds(60)
  /// How many granting requests are remembered at a time.
  public var rememberedRequests = 4_000_000
  /// How long a ticket may be presented.
  public var ticketLifetime = Interval.minutes(5)
  /// How many connections to clients are tried at a time.
  public var probes = 64
  /// How long one may take to come about.
  public var probePatience = Interval.seconds(2)
  /// From one of a source to its next one at least.
  public var probeInterval = Interval.seconds(1)
  /// When a refusal leaves, counted from the arrival of the request.
  public var refusalDelay = Interval.milliseconds(200)

  /// Who may register.
  public var registration = RegistrationPolicy.open
  /// What slows down guesses and haste.
  public var brakes = BrakePolicy()

  /// Everybody may register.
  public init() {}
}
