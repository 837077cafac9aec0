internal import KeyDistribution
public import Wire

/// Which mailboxes there are, and which one is a user's own.
public struct MailboxBook {
  private let kdc: KDCOptions
  let options: SignInOptions
  let state: StateFolder
  let person: any Person
  let newPeers: NewPeers

  /// - Parameter newPeer: what to do with a mailbox that is new.
  public init(
    _ kdc: KDCOptions, _ options: SignInOptions, state: StateFolder, person: any Person,
    newPeer: NewPeerPolicy = .accept
  ) {
    newPeers = NewPeers(policy: newPeer, person: person)
    self.kdc = kdc
    self.options = options
    self.state = state
    self.person = person
  }

  private var name: PrincipalName { options.name }

  var signOn: SignOn { SignOn(kdc, options, in: state, person: person) }

  func home(in realm: Realm) -> HomeMailbox {
    HomeMailbox(of: name, in: realm, state: state)
  }

  /// The names of those that are present.
  public func list() throws(ClientFailure) -> [PrincipalName] {
    let signOn = signOn
    var start = try signOn.begin()
    return try Self.present(&start, signOn)
  }

  static func present(
    _ start: inout SignOn.Start, _ signOn: SignOn
  ) throws(ClientFailure) -> [PrincipalName] {
    do throws(KDCFailure) {
      return try signOn.withLogin(&start) { (credential, link) throws(KDCFailure) in
        try link.services(.mailbox, asking: &credential)
      }
    } catch {
      throw error.failure(at: start.link.target)
    }
  }

  /// The mailbox that is set on this device; no KDC is asked.
  public func home() throws(ClientFailure) -> PrincipalName? {
    guard let pin = try KnownKDCs(in: state, person: person).pin(of: kdc.target) else {
      throw ClientFailure(.other, "The KDC at \(kdc.target) is not known here.")
    }
    return try home(in: pin.realm).load()
  }

  /// Sets the mailbox, or with nil none, on this device, and tells the KDC, with a login that takes
  /// deposits: one that takes none is not made one that does.
  public func setHome(_ mailbox: PrincipalName?) throws(ClientFailure) {
    var start = try signOn.begin()
    if let mailbox, try !Self.present(&start, signOn).contains(mailbox) {
      person.say(
        "no mailbox \(mailbox) is present now: it is set all the same, and nothing comes there "
          + "before it is")
    }
    try home(in: start.link.realm).save(mailbox)
    let what =
      mailbox.map { "the mailbox of \(name) is \($0)" } ?? "\(name) has no mailbox"
    guard let until = try tell(&start) else {
      person.say(
        what + ": the next login that takes deposits tells the KDC so, since this one takes none")
      return
    }
    let told = mailbox == nil ? "senders have to name one" : "senders are told so"
    let end = DepositTaking.text(until, start.link.clock)
    person.say("\(what): \(told), and deposits may wait for this login until \(end)")
  }

  /// - Returns: until when deposits may come; nil when this login takes none.
  private func tell(_ start: inout SignOn.Start) throws(ClientFailure) -> Timestamp? {
    let taking = DepositTaking(in: state, person: person)
    let files = DepositKeyFiles(of: name, in: start.link.realm, state: state, person: person)
    do throws(KDCFailure) {
      return try signOn.withLogin(&start) { (credential, link) throws(KDCFailure) in
        guard files.hasKeys(of: DepositKeys(of: credential).publicKey) else { return nil }
        return try taking.take(&credential, over: &link, by: .datagramsThenStream)
      }
    } catch .exchange(.superseded) {
      throw ClientFailure(
        .other,
        "It is set here, but senders are not told: another login of \(name) that came later takes "
          + "deposits now. To take them on this device: client login -n \(name) "
          + kdc.target.options)
    } catch {
      let failure = error.failure(at: kdc.target)
      throw ClientFailure(
        ExitStatus(rawValue: failure.exitCode) ?? .other,
        "It is set here, but senders are not told before the next login: \(failure)")
    }
  }
}
