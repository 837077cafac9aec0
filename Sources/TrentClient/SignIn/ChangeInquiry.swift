internal import KeyDistribution
internal import Transport
internal import Wire

/// Asks for a change of secret, and finds out what became of it: an answer may get lost, and a
/// refusal may be that of a copy (PROTOCOL.md, C3).
struct ChangeInquiry: ~Copyable {
  enum Result {
    case changed
    /// The old secret is in force, and no request is on its way any more. Says why.
    case unchanged(String)
    case unknown
  }

  private static let rounds = 6
  /// How often a KDC may fail to answer.
  private static let silences = 3
  private static let pause = Interval.seconds(1)

  let old: Account
  let new: Account
  private let person: any Person
  /// The time in the last request of which nothing is known; nil if there is none.
  private var doubtful: Timestamp?

  init(old: consuming Account, new: consuming Account, person: any Person) {
    self.old = old
    self.new = new
    self.person = person
  }

  mutating func run(
    _ entered: borrowing EnteredSecret, over link: inout KDCLink
  ) throws(KDCFailure) -> Result {
    if let result = ask(entered, over: &link) { return result }
    person.say("the KDC's answer did not come, or is not clear: finding out")
    var silences = 0
    for _ in 0..<Self.rounds {
      link.disconnect()
      do throws(KDCFailure) {
        if try isGranted(new, over: &link) != nil { return .changed }
        if let time = try isGranted(old, over: &link) {
          if let doubtful, time <= doubtful + ChangeCandidate.requestLifetime {
            // The quickest way out of doubt: of two requests for one number one is carried out.
            if let result = ask(entered, over: &link) { return result }
          } else {
            return .unchanged("Try again later.")
          }
        }
      } catch {
        guard error.isPassing else { throw error }
        silences += 1
        guard silences < Self.silences else { return .unknown }
      }
      _ = try? Polling.wait(for: [], until: .after(Self.pause))
    }
    return .unknown
  }

  /// - Returns: nil when it is not clear what became of it.
  private mutating func ask(
    _ entered: borrowing EnteredSecret, over link: inout KDCLink
  ) -> Result? {
    var time: Timestamp?
    do throws(KDCFailure) {
      try old.change(to: entered, over: &link) { time = $0 }
      return .changed
    } catch {
      person.explain("the change was answered with: \(error)")
      // Also when the KDC says that it cannot: what broke off on its way to a disk or a store may
      // be there.
      doubtful = time ?? doubtful
      return nil
    }
  }

  /// - Returns: KDC time at which the KDC granted a login; nil if it refused.
  private func isGranted(
    _ account: borrowing Account, over link: inout KDCLink
  ) throws(KDCFailure) -> Timestamp? {
    do throws(KDCFailure) {
      let credential = try account.logIn(over: &link)
      return credential.grantedAt
    } catch {
      guard case .exchange(.refused) = error else { throw error }
      return nil
    }
  }
}
