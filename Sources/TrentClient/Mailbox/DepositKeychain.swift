internal import KeyDistribution
internal import Wire

/// One user's way to the keys that open deposits, on this device.
struct DepositKeychain: ~Copyable {
  let owner: PrincipalName
  let state: StateFolder
  let person: any Person
  let storageKey: DepositStorageKey

  func files(in realm: Realm) -> DepositKeyFiles {
    DepositKeyFiles(of: owner, in: realm, state: state, person: person)
  }
}
