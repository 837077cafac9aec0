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
    // Nobody can look while the KDC is away; the next look tells.
    guard let truth = world.truth, truth.version != nil else {
      unseen.append(person)
      return
    }
    guard let record = truth.user(name), record.identity == person.identity.publicKey,
      let digest = try? world.realmKeys.openDigest(of: record), Self.areEqual(digest, person.digest)
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
    guard let truth = world.truth, let version = truth.version, version != checkedVersion else {
      return
    }
    checkedVersion = version
    let heard = unseen
    unseen = []
    for person in heard { acknowledged(person) }
    for (index, (person, record)) in acknowledged.enumerated() {
      let found = truth.user(person.name)
      guard found != record else { continue }
      guard let found, isWanted(found, after: record, by: person) else {
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
    guard let digest = try? world.realmKeys.openDigest(of: record) else { return false }
    // A change that came too late is in time again when the KDC's clock is set back.
    let revived = person.declined.first { candidate in
      candidate.keyVersion == before.keyVersion && candidate.setBack < world.setBack
        && Self.areEqual(digest, candidate.digest)
    }
    if let revived { person.adopt(revived) }
    let isCandidate =
      person.candidate.map { candidate in
        candidate.keyVersion == before.keyVersion && Self.areEqual(digest, candidate.digest)
      } ?? false
    guard isCandidate || revived != nil else { return false }
    var expected = before
    expected.keyVersion = before.keyVersion + 1
    expected.sealedDigest = record.sealedDigest
    return record == expected
  }

  /// A client tells its user which secret is in force.
  func settled(_ person: Person, isChanged: Bool) {
    guard let truth = world.truth, truth.version != nil else { return }
    guard let record = truth.user(person.name),
      let digest = try? world.realmKeys.openDigest(of: record), Self.areEqual(digest, person.digest)
    else {
      return report(
        .secretToldWrong, "\(person.name)'s was said to be \(isChanged ? "changed" : "the old one")"
      )
    }
    if !isChanged { world.note(.kept, "\(person.name)'s secret") }
  }

  /// Whether a later secret has been in force for some time.
  func isOutdated(
    _ keyVersion: UInt32, of name: PrincipalName, at now: Timestamp, within slack: Interval
  ) -> Bool {
    changes[name, default: []].contains { change in
      change.keyVersion > keyVersion && now > change.time + slack
    }
  }

  /// That a secret came into force.
  struct KnownChange {
    let keyVersion: UInt32
    let time: Timestamp
  }
}
