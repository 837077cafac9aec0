internal import KeyDistribution

/// Decides whether what answers at a KDC's address is the KDC that the user means, as ssh does with
/// hosts: the pinned identity or none; a new one only with somebody's word for it.
struct KDCContact {
  let options: KDCOptions
  let known: KnownKDCs
  let person: any Person

  init(_ options: KDCOptions, in state: StateFolder, person: any Person) {
    self.options = options
    known = KnownKDCs(in: state, person: person)
    self.person = person
  }

  /// - Parameters:
  ///   - shown: the identity that signed the epoch key, and those before it.
  ///   - name: what the place that shows it was named.
  /// - Returns: the pinned identity, to be compared with once more where the epoch is accepted.
  func trust(
    _ shown: AnnouncedIdentity, at name: HostAndPort
  ) throws(ClientFailure) -> Realm {
    let announced = shown.realm
    if let expected = options.expected, !shown.isFrom(expected.identity) {
      throw unexpected(announced, name)
    }
    if let pin = try known.pin(of: name) {
      try follow(shown, from: pin, name)
      return announced
    }
    // A new place of a KDC that is known: whatever is sent there is sealed for its identity.
    if let pin = try known.pin(of: options.target) {
      guard pin.realm == announced || shown.succeeds(pin.realm) else {
        throw another(announced, pin, name)
      }
      try follow(shown, from: pin, name)
    } else {
      try agree(to: shown, name)
    }
    guard options.remembers else { return announced }
    // Another process may have pinned something else while the person was thinking.
    let pin = try known.pin(announced, for: name)
    guard pin.realm == announced else { throw changed(announced, pin, name) }
    return pin.realm
  }

  /// Accepts what is pinned, and what has taken the place of that.
  private func follow(
    _ shown: AnnouncedIdentity, from pin: KnownKDCs.Pin, _ name: HostAndPort
  ) throws(ClientFailure) {
    guard pin.realm != shown.realm else { return }
    guard shown.succeeds(pin.realm) else { throw changed(shown.realm, pin, name) }
    if options.remembers, try known.move(to: shown) {
      person.say(
        "the identity of the KDC at \(name.pinName) has been replaced, as its old key says: it is "
          + "now " + shown.realm.word)
    }
  }

  private func agree(
    to shown: AnnouncedIdentity, _ name: HostAndPort
  ) throws(ClientFailure) {
    let announced = shown.realm
    if let expected = options.expected, shown.isFrom(expected.identity) { return }
    if options.acceptsNew {
      person.say(
        "the KDC at \(name.pinName) is new and now trusted: its identity is \(announced.word)")
      return
    }
    guard person.isPresent else {
      throw ClientFailure(
        .kdcIdentity,
        "The KDC at \(name.pinName) is new. Its identity is \(announced.word). If that is what its "
          + "operator says, pass --kdc-key with this word; --accept-new-kdc trusts it unseen.")
    }
    let question =
      "The KDC at \(name.pinName) is new. Its identity is \(announced.word). Trust it? [y/N]"
    guard try person.agrees(to: question) else {
      throw ClientFailure(
        .kdcIdentity,
        "The KDC at \(name.pinName) is not trusted. Ask its operator for its identity.")
    }
  }

  private func unexpected(_ announced: Realm, _ name: HostAndPort) -> ClientFailure {
    ClientFailure(
      .kdcIdentity,
      "The KDC at \(name.pinName) is not the one that \(options.expectation) names: its "
        + "identity is \(announced.word). Check the address, and ask its operator for the right "
        + "word.")
  }

  /// Of a place that is not pinned, in a list with one that is.
  private func another(
    _ announced: Realm, _ pin: KnownKDCs.Pin, _ name: HostAndPort
  ) -> ClientFailure {
    ClientFailure(
      .kdcIdentity,
      "\(name.pinName) is no place of the KDC whose identity, \(pin.realm.word), is pinned for "
        + "\(options.target): it shows \(announced.word). Somebody may be posing as it. Check -a, "
        + "and ask the operator.")
  }

  private func changed(
    _ announced: Realm, _ pin: KnownKDCs.Pin, _ name: HostAndPort
  ) -> ClientFailure {
    ClientFailure(
      .kdcIdentity,
      "The identity of the KDC at \(name.pinName) has changed: it was \(pin.realm.word) and now is "
        + "\(announced.word). Somebody may be posing as it. Only if its operator confirms the "
        + "change, remove line \(pin.line) of \(known.path) and try again.")
  }
}
