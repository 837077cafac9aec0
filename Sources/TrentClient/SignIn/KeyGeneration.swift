internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
public import Wire

/// Registers a principal with a random key in a file.
public struct KeyGeneration {
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before it runs.
  public init(state: StateFolder, person: any Person) {
    self.state = state
    self.person = person
  }

  /// The file is on the disk before anything of it leaves. One that is there is used again, so that
  /// who was interrupted need only begin anew.
  public func run(
    _ name: PrincipalName, keyFile path: String, at kdc: KDCOptions,
    invitation: InvitationSource? = nil
  ) throws(ClientFailure) {
    let file = KeyFile(path: path)
    var kdc = kdc
    if let owner = try KeyFileOwner(of: file) {
      try owner.check(isNamed: name)
      try owner.choose(&kdc)
    }
    var link = try KDCLink(to: kdc, in: state, person: person)
    let isNew = try file.create(name, in: link.realm)
    var options = SignInOptions(name: name, secret: .keyFile(path), registers: true)
    options.invitation = invitation
    do {
      let login = try SignIn(options, in: state, realm: link.realm, person: person).run(over: &link)
      let fingerprint = Fingerprint(
        of: login.credential.identity, name: name, realmID: link.realm.id)
      person.say("\(path) is the key file of \(name), fingerprint \(fingerprint)")
    } catch {
      // Nobody knows the key that was made for a name that is another's.
      if isNew, error.exitCode == ExitStatus.authenticationRefused.rawValue { try file.remove() }
      throw error
    }
  }
}
