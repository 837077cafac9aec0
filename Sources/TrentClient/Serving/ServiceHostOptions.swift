public import KeyDistribution

/// What a service is asked to do, and how it signs in.
public struct ServiceHostOptions: Sendable {
  /// Which KDC.
  public var kdc: KDCOptions
  /// Who serves, and how that is proven.
  public var signIn: SignInOptions
  /// What is served.
  public var service: ServiceKind
  /// Where to listen; 0 picks a free port.
  public var port: UInt16
  /// Addresses to announce besides those that are found out: hosts, each with the port that leads
  /// here, or 0 for the one that is listened on.
  public var announced: [HostAndPort] = []
  /// What the first request of a session too many is answered with.
  public var busy: [UInt8]

  /// What has to be said; the rest is as usual.
  public init(
    kdc: KDCOptions, signIn: SignInOptions, service: ServiceKind, port: UInt16, busy: [UInt8]
  ) {
    self.kdc = kdc
    self.signIn = signIn
    self.service = service
    self.port = port
    self.busy = busy
  }
}
