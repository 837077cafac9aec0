internal import KeyDistribution
internal import Wire

/// One user's way to the keys that open deposits, on this device.
struct DepositKeychain: ~Copyable {
  let owner: PrincipalName
  let state: StateFolder
  let person: any Person
  let storageKey: DepositStorageKey

  init(
    owner: PrincipalName, state: StateFolder, person: any Person,
    storageKey: consuming DepositStorageKey
  ) {
    self.owner = owner
    self.state = state
    self.person = person
    self.storageKey = storageKey
  }

  /// By the key that a login carries.
  init(
    of login: borrowing Credential, state: StateFolder, person: any Person
  ) throws(ClientFailure) {
    guard let storageKey = login.depositStorageKey?.duplicate() else {
      throw ClientFailure(
        .authenticationRefused,
        "The login of \(login.name) is one that an older version of this program kept, which "
          + "opens no deposits. Log in again: client login -n \(login.name)")
    }
    self.init(owner: login.name, state: state, person: person, storageKey: storageKey)
  }

  func files(in realm: Realm) -> DepositKeyFiles {
    DepositKeyFiles(of: owner, in: realm, state: state, person: person)
  }
}
