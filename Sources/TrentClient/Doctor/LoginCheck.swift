internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Wire

/// The logins that this device keeps at one KDC: by their files, and by the KDC's own word.
struct LoginCheck {
  private let options: DoctorOptions
  private let target: KDCTarget
  private let state: StateFolder

  init(_ options: DoctorOptions, _ target: KDCTarget, in state: StateFolder) {
    self.options = options
    self.target = target
    self.state = state
  }

  private static let byteLimit = 4096

  /// What became of one of them.
  private enum Outcome {
    case taken(byDatagram: Bool)
    case notTaken
  }

  /// Checks every login, and with the first one that the KDC takes, the ways that need one.
  ///
  /// - Returns: whether the KDC has told its time.
  func run(over link: inout KDCLink, _ tell: (Finding) -> Void) -> Bool {
    var isAny = false
    var isTaken = false
    do throws(ClientFailure) {
      for cache in try CredentialCache.all(in: state, person: Nobody())
      where cache.realmID == link.realm.hexadecimalID
        && options.name ?? cache.name == cache.name
      {
        isAny = true
        guard var credential = try load(cache, link.clock, tell),
          case .taken(let byDatagram) = check(credential, over: &link, tell), !isTaken
        else { continue }
        isTaken = true
        tell(Self.datagramFinding(byDatagram, target))
        ReachCheck(options.port).run(&credential, over: &link, tell)
      }
    } catch {
      tell(.problem("login", error))
    }
    if !isAny { tell(noLogin) }
    return isTaken
  }

  private var noLogin: Finding {
    let who = options.name.map { "of \($0) " } ?? ""
    return .warning(
      "login",
      "no login \(who)at \(target) is kept here: commands ask for the passphrase, and neither UDP "
        + "nor the listening port was checked",
      advice: logInAgain(options.name?.description ?? "NAME") + ", and then client doctor again")
  }

  private func logInAgain(_ name: String) -> String {
    "client login -n \(name) \(target.options)"
  }

  /// Reads the file as it is: what is damaged stays where it is.
  private func load(
    _ cache: CredentialCache, _ clock: KDCClock, _ tell: (Finding) -> Void
  ) throws(ClientFailure) -> Credential? {
    let contents = try withFiles { () throws(FileFailure) in
      try readSecretFile(cache.path, limit: Self.byteLimit)
    }
    guard let contents else { return nil }
    guard let credential = try? CachedCredential.decode(contents.bytes),
      credential.name == cache.name, credential.realm.hexadecimalID == cache.realmID
    else {
      tell(
        .problem(
          "login", "the one kept in \(Finding.shown(cache.path)) is damaged, or not from there",
          advice: logInAgain(cache.name.description)))
      return nil
    }
    return credential
  }

  /// Asks the KDC by datagrams, and where they do not get through, by TCP.
  private func check(
    _ credential: borrowing Credential, over link: inout KDCLink, _ tell: (Finding) -> Void
  ) -> Outcome {
    let name = credential.name
    let end = credential.end
    do throws(KDCFailure) {
      let byDatagram = try isTakenByDatagram(credential, over: &link)
      if !byDatagram { try link.checkAcceptance(of: credential, by: .stream) }
      let rest = end.since(link.clock.now)
      let until = SystemClock.localText(SystemClock.now + rest)
      tell(.ok("login", "\(name) is logged in at \(target) until \(until), as the KDC says, too"))
      return .taken(byDatagram: byDatagram)
    } catch {
      tell(finding(error, name))
      return .notTaken
    }
  }

  private func isTakenByDatagram(
    _ credential: borrowing Credential, over link: inout KDCLink
  ) throws(KDCFailure) -> Bool {
    do throws(KDCFailure) {
      try link.checkAcceptance(of: credential, by: .datagrams)
      return true
    } catch .transport {
      return false
    } catch {
      throw error
    }
  }

  private func finding(_ failure: KDCFailure, _ name: PrincipalName) -> Finding {
    switch failure {
    case .exchange(.loginOver), .exchange(.failed(.ticketNotAccepted)):
      .problem(
        "login", "that of \(name) at \(target) has ended, or the KDC does not take it any more",
        advice: logInAgain(name.description))
    default:
      .warning(
        "login",
        "that of \(name) is kept, but the KDC could not be asked about it: "
          + failure.failure(at: target).description,
        advice: "try again later")
    }
  }

  private static func datagramFinding(_ isAnswered: Bool, _ target: KDCTarget) -> Finding {
    isAnswered
      ? .ok("KDC \(target)", "it answers by UDP")
      : .warning(
        "KDC \(target)", "it answers by TCP, but not by UDP: every request takes a second longer",
        advice:
          "let UDP port \(target.ports ?? "of the KDC") through the firewalls between here and "
          + "there")
  }
}
