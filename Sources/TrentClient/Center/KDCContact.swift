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

  var target: HostAndPort { options.target }

  /// - Parameter shown: the identity that signed the epoch key, and those before it.
  /// - Returns: the pinned identity, to be compared with once more where the epoch is accepted.
  func trust(_ shown: AnnouncedIdentity) throws(ClientFailure) -> Realm {
    let announced = shown.realm
    if let expected = options.expected, !shown.isFrom(expected.identity) {
      throw unexpected(announced)
    }
    if let pin = try known.pin(of: target) {
      guard pin.realm != announced else { return pin.realm }
      guard shown.succeeds(pin.realm) else { throw changed(announced, pin) }
      if options.movesPin, try known.move(to: shown) {
        person.say(
          "the identity of the KDC at \(target) has been replaced, as its old key says: it is now "
            + announced.word)
      }
      return announced
    }
    try agree(to: shown)
    // Another process may have pinned something else while the person was thinking.
    let pin = try known.pin(announced, for: target)
    guard pin.realm == announced else { throw changed(announced, pin) }
    return pin.realm
  }

  private func agree(to shown: AnnouncedIdentity) throws(ClientFailure) {
    let announced = shown.realm
    if let expected = options.expected, shown.isFrom(expected.identity) { return }
    if options.acceptsNew {
      person.say("the KDC at \(target) is new and now trusted: its identity is \(announced.word)")
      return
    }
    guard person.isPresent else {
      throw ClientFailure(
        .kdcIdentity,
        "The KDC at \(target) is new. Its identity is \(announced.word). If that is what its "
          + "operator says, pass --kdc-key with this word; --accept-new-kdc trusts it unseen.")
    }
    let question =
      "The KDC at \(target) is new. Its identity is \(announced.word). Trust it? [y/N]"
    guard try person.agrees(to: question) else {
      throw ClientFailure(
        .kdcIdentity, "The KDC at \(target) is not trusted. Ask its operator for its identity.")
    }
  }

  private func unexpected(_ announced: Realm) -> ClientFailure {
    ClientFailure(
      .kdcIdentity,
      "The KDC at \(target) is not the one that \(options.expectation) names: its identity is "
        + "\(announced.word). Check the address, and ask its operator for the right word.")
  }

  private func changed(_ announced: Realm, _ pin: KnownKDCs.Pin) -> ClientFailure {
    ClientFailure(
      .kdcIdentity,
      "The identity of the KDC at \(target) has changed: it was \(pin.realm.word) and now is "
        + "\(announced.word). Somebody may be posing as it. Only if its operator confirms the "
        + "change, remove line \(pin.line) of \(known.path) and try again.")
  }
}
