import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

extension Judge {
  /// A client heard, from the KDC, that its name is its own.
  func acknowledged(_ person: Person) {
    let name = person.name
    if let owner = acknowledged.first(where: { $0.person.name == name })?.person {
      if owner !== person { report(.nameHasTwoOwners, "\(name)") }
      return
    }
    let center = world.center
    guard let record = center.directory.users[name], record.identity == person.identity.publicKey,
      let digest = try? center.keys.openDigest(of: record), Self.areEqual(digest, person.digest)
    else { return report(.registrationLost, "\(name) is not as it was registered") }
    acknowledged.append((person: person, record: record))
  }

  private static func areEqual(
    _ one: borrowing SecretBytes, _ other: borrowing SecretBytes
  ) -> Bool {
    equalInConstantTime(one.bytes, other.bytes)
  }

  /// After every step: what was acknowledged is there and has not changed.
  func checkDirectory() {
    let users = world.center.directory.users
    for (person, record) in acknowledged where users[person.name] != record {
      report(.registrationLost, "\(person.name) has changed or is gone")
    }
  }
}
