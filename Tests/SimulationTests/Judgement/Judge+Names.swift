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

  /// After every step: what was acknowledged is there and has not changed, but for another secret
  /// that its owner wants.
  func checkDirectory() {
    let users = world.center.directory.users
    for (index, (person, record)) in acknowledged.enumerated() where users[person.name] != record {
      guard let found = users[person.name], isWanted(found, after: record, by: person) else {
        return report(.registrationLost, "\(person.name) has changed or is gone")
      }
      acknowledged[index].record = found
      changes[person.name, default: []].append(
        KnownChange(keyVersion: found.keyVersion, time: world.now))
    }
  }

  private func isWanted(
    _ record: UserRecord, after before: UserRecord, by person: Person
  ) -> Bool {
    guard let candidate = person.candidate,
      let digest = try? world.center.keys.openDigest(of: record),
      Self.areEqual(digest, candidate.digest), candidate.keyVersion == before.keyVersion
    else { return false }
    var expected = before
    expected.keyVersion = before.keyVersion + 1
    expected.sealedDigest = record.sealedDigest
    return record == expected
  }

  /// A client tells its user which secret is in force.
  func settled(_ person: Person, isChanged: Bool) {
    let center = world.center
    guard let record = center.directory.users[person.name],
      let digest = try? center.keys.openDigest(of: record), Self.areEqual(digest, person.digest)
    else {
      return report(
        .secretToldWrong, "\(person.name)'s was said to be \(isChanged ? "changed" : "the old one")"
      )
    }
    if !isChanged { world.note(.kept, "\(person.name)'s secret") }
  }

  /// Whether a later secret has been in force for some time.
  func isOutdated(_ keyVersion: UInt32, of name: PrincipalName, at now: Timestamp) -> Bool {
    changes[name, default: []].contains { change in
      change.keyVersion > keyVersion && now > change.time + Self.slack
    }
  }

  /// That a secret came into force.
  struct KnownChange {
    let keyVersion: UInt32
    let time: Timestamp
  }
}
