/// Something that must never happen, and did.
struct Violation: Error, CustomStringConvertible {
  enum Rule: String {
    // Names.
    case nameHasTwoOwners = "a name has two owners"
    case registrationLost = "an acknowledged registration is not in the directory"

    // Secrets.
    case secretToldWrong = "a client says that a secret is in force, and it is not"
    case oldSecretServed = "the KDC grants something under a secret that was changed"
    case grantedForOldPresence = "the KDC issues a ticket for a login of before a change"

    case grantedForOldDeposits =
      "the KDC issues a ticket for deposits to a login of before a change"

    // Peers.
    case ephemeralReused = "an honest sender uses an ephemeral key twice"
    case initiationForged = "a receiver accepts an initiation that no ticket is for"
    case initiationAcceptedTwice = "a receiver accepts an initiation twice"
    case endsDisagree = "the two ends of a session disagree"
    case pinIgnored = "somebody who has been met is believed with another identity key"
    case fileDiffers = "a received file is not the one that was sent"
    case depositLost = "the mailbox has not any more what it said it had stored"
    case pinLost = "a pin that was on the disk is gone"
    case depositKeysLost = "a login opens deposits, and its keys are gone"
    case depositTakenTwice = "a receiver takes a deposit twice"
    case falseReceipt = "a sender is told that a file arrived that did not"

    // Time.
    case ticketAcceptedLate = "a receiver accepts a ticket after its time"
    case grantedAfterLoginEnd = "the KDC grants something after the end of the login"
    case grantedAfterEpochEnd = "the KDC serves a request to an epoch key whose time is over"
    case grantedForAbsentPeer = "the KDC issues a ticket for a receiver that is not present"
    case oldRequestServed = "the KDC serves a request of long ago"

    // Connections of the KDC's own.
    case probedUnasked = "the KDC connects to somebody who did not ask for it"

    // The wire.
    case requestForged = "the KDC serves a request that nobody made"
    case sealedRequestServedTwice = "the KDC serves a sealed request twice"
    case grantingRequestServedTwice = "the KDC serves a granting request twice"
    case plaintextOnTheWire = "plaintext of a file is on the wire"
  }

  let rule: Rule
  let detail: String
  let description: String

  init(_ rule: Rule, _ detail: String, in world: World) {
    self.rule = rule
    self.detail = detail
    description = """
      seed \(world.seed): \(rule.rawValue): \(detail)
      weather: \(world.weather)
      \(world.journal.suffix(25).map(\.description).joined(separator: "\n"))
      Replay it with SCRIPTS/simulate \(world.seed)
      """
  }
}
