internal import DurableFiles
internal import KeyDistribution
public import Wire

/// What a check-up shall look at.
public struct DoctorOptions: Sendable {
  /// Nil: every name that is logged in.
  public var name: PrincipalName?
  /// Nil: every KDC that is pinned.
  public var kdc: KDCOptions?
  /// The port to receive on, if somebody means to; nil: the usual one, if it can be asked about.
  public var port: UInt16?
  /// Files with secrets besides those in the state folder.
  public var secretFiles: [String]

  /// Nil: whatever is settled or kept here is looked at.
  public init(
    name: PrincipalName? = nil, kdc: KDCOptions? = nil, port: UInt16? = nil,
    secretFiles: [String] = []
  ) {
    self.name = name
    self.kdc = kdc
    self.port = port
    self.secretFiles = secretFiles
  }
}

/// Looks at everything that sending and receiving depend on, and says what to do.
///
/// It asks nobody and changes nothing, but for what an exchange with a KDC tells of its clock.
public struct Doctor {
  private let options: DoctorOptions
  private let state: StateFolder

  /// Nothing is done before it runs.
  public init(_ options: DoctorOptions, state: StateFolder) {
    self.options = options
    self.state = state
  }

  /// - Parameter tell: is told each finding as it is made.
  /// - Returns: whether there is no problem.
  public func run(_ tell: (Finding) -> Void) -> Bool {
    var isWell = true
    func note(_ findings: [Finding]) {
      for finding in findings {
        tell(finding)
        if finding.state == .problem { isWell = false }
      }
    }
    note(FileCheck(state).run())
    note(options.secretFiles.map(FileCheck.secretFile))
    note(IdentityCheck(state).run(options.name))
    note(PinCheck(state).run())
    do throws(ClientFailure) {
      let all = try centers()
      if all.isEmpty {
        note([
          .warning(
            "KDC", "none is known here",
            advice: "get to know one: client login -n NAME -a KDC_HOST -p KDC_PORT")
        ])
      }
      for kdc in all { CenterCheck(kdc, options, in: state).run { note([$0]) } }
    } catch {
      note([.problem("KDC", error)])
    }
    return isWell
  }

  private func centers() throws(ClientFailure) -> [KDCOptions] {
    if let kdc = options.kdc { return [kdc] }
    var targets: [HostAndPort] = []
    for entry in try KnownKDCs(in: state, person: Nobody()).all() {
      guard let target = HostAndPort(entry.target, defaultPort: 0),
        target.port != 0 || target.isDomain, !targets.contains(target)
      else { continue }
      targets.append(target)
    }
    return targets.map { KDCOptions(target: $0) }
  }
}
