internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
internal import Wire

/// One KDC: the way to it, whether it is the one that is pinned, its clock, and then the logins
/// there.
struct CenterCheck {
  private var kdc: KDCOptions
  private let options: DoctorOptions
  private let state: StateFolder
  private let known: KnownKDCs

  init(_ kdc: KDCOptions, _ options: DoctorOptions, in state: StateFolder) {
    self.kdc = kdc
    self.kdc.remembers = false
    self.options = options
    self.state = state
    known = KnownKDCs(in: state, person: Nobody())
  }

  private func subject(_ place: KDCPlace) -> String { "KDC \(place.at)" }
  private static let patience = Interval.seconds(5)

  func run(_ tell: (Finding) -> Void) {
    do throws(ClientFailure) {
      guard let announced = try answering(tell),
        var link = try KDCLink(toPinned: kdc, in: state, person: Nobody())
      else { return }
      let isCurrent = check(announced, link.clock, tell)
      let logins = LoginCheck(options, kdc.target, in: state)
      // A clock that is far off keeps sealed requests from being made; a login tells time as well.
      var knowsTime = isCurrent && askForTime(over: &link, tell)
      if logins.run(over: &link, tell) { knowsTime = true }
      guard knowsTime, let time = link.clock.time() else {
        return tell(
          .warning(
            "clock", "the time of the KDC at \(kdc.target) could not be asked",
            advice: "mend what is said above first"))
      }
      tell(ClockCheck.finding(own: SystemClock.now, kdc: time))
    } catch {
      tell(.problem("KDC \(kdc.target)", error))
    }
  }

  // MARK: Contact

  /// Looks at every place.
  ///
  /// - Returns: what the first one says that answers and is meant; nil when one of them is not
  ///   what it should be, since a command would refuse it, too.
  private func answering(_ tell: (Finding) -> Void) throws(ClientFailure) -> AnnouncedEpoch? {
    var places = KDCPlaces(kdc.target)
    do throws(KDCFailure) {
      try places.lookUp()
    } catch {
      throw error.failure(at: kdc.target)
    }
    var first: AnnouncedEpoch?
    var isWrong = false
    for place in places.inOrder {
      guard let announced = contact(place, tell) else { continue }
      if try isMeant(announced, place, tell) {
        first = first ?? announced
      } else {
        isWrong = true
      }
    }
    return isWrong ? nil : first
  }

  /// Steps E1 to E3; nil when there is no way.
  private func contact(_ place: KDCPlace, _ tell: (Finding) -> Void) -> AnnouncedEpoch? {
    do throws(KDCFailure) {
      let answer = try AnsweringPlace.ask(place, Self.patience)
      return answer.announced
    } catch {
      tell(.problem(subject(place), error.failure(at: KDCTarget(place.at))))
      return nil
    }
  }

  /// Step E4, as far as it is about identities.
  private func isMeant(
    _ announced: AnnouncedEpoch, _ place: KDCPlace, _ tell: (Finding) -> Void
  ) throws(ClientFailure) -> Bool {
    let subject = subject(place)
    let word = announced.realm.word
    if let expected = kdc.expected, !announced.identity.isFrom(expected.identity) {
      tell(
        .problem(
          subject, "its identity is \(word), not the one that --kdc-key names",
          advice: "check the address, and ask its operator for the right word; until then send "
            + "nothing there"))
      return false
    }
    let own = try known.pin(of: place.name)
    let ofOthers = try known.pin(of: kdc.target)
    guard let pin = own ?? ofOthers else {
      tell(
        .warning(
          subject, "it answers, and is new here: its identity is \(word)",
          advice: "if that is the word that its operator tells: client login -n NAME "
            + "\(kdc.target.options) --kdc-key \(word)"))
      return false
    }
    if announced.identity.succeeds(pin.realm) {
      tell(.ok(subject, "it answers by TCP; its identity has been replaced by \(word), as it says"))
      return true
    }
    guard own != nil || pin.realm == announced.realm else {
      tell(
        .problem(
          subject, "its identity is \(word), not that of the other places, \(pin.realm.word)",
          advice: "somebody may be posing as one of them: take it out of -a, and ask the operator"))
      return false
    }
    guard pin.realm == announced.realm else {
      tell(
        .problem(
          subject, "its identity HAS CHANGED: it was \(pin.realm.word) and now is \(word)",
          advice:
            "somebody may be posing as it: enter no passphrase. Only if its operator confirms "
            + "the change, remove line \(pin.line) of \(Finding.shown(known.path))"))
      return false
    }
    tell(.ok(subject, "it answers by TCP, and is the one that is pinned, \(word)"))
    return true
  }

  /// Step E4, as far as it is about time.
  private func check(
    _ announced: AnnouncedEpoch, _ clock: KDCClock, _ tell: (Finding) -> Void
  ) -> Bool {
    let realm = announced.realm
    if (try? announced.accept(pinned: realm, at: clock.trustedTime)) != nil { return true }
    let period = announced.period
    let text =
      "its key is good from \(SystemClock.text(period.from)) to \(SystemClock.text(period.until)), "
      + "and here it is \(SystemClock.text(clock.now))"
    let advice =
      clock.time() == nil
      ? "compare the clocks of both machines with a third one, and set the wrong one right"
      : "if the KDC's clock has been set meanwhile, remove "
        + "\(ClockFile(in: state, person: Nobody()).path), which keeps it in mind; else somebody "
        + "may be replaying old answers"
    tell(.problem("KDC \(kdc.target)", text, advice: advice))
    return false
  }

  /// - Returns: whether the KDC has told its time.
  private func askForTime(over link: inout KDCLink, _ tell: (Finding) -> Void) -> Bool {
    // Every name gets an answer of one form (S2).
    guard let name = options.name ?? PrincipalName("doctor") else { return false }
    do throws(KDCFailure) {
      try link.askForTime(about: name)
      return true
    } catch {
      tell(.problem("KDC \(kdc.target)", error.failure(at: kdc.target)))
      return false
    }
  }
}
