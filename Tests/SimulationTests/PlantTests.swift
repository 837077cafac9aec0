import Testing

@Suite("A bug that is planted is found")
struct PlantTests {
  /// A planted bug, and what it must be seen to violate.
  struct Expectation: CustomTestStringConvertible {
    let plant: Plant
    let rule: Violation.Rule
    var testDescription: String { "\(plant): \(rule.rawValue)" }

    init(_ plant: Plant, _ rule: Violation.Rule) {
      self.plant = plant
      self.rule = rule
    }
  }

  static let expectations = [
    Expectation(.directoryOverwrites, .nameHasTwoOwners),
    Expectation(.directoryAnswersEarly, .registrationLost),
    Expectation(.directoryForgetsToSync, .registrationLost),
    Expectation(.storeCommitsAlone, .registrationLost),
    Expectation(.replicaKeepsCopies, .oldSecretServed),
    Expectation(.changerBelievesUnavailable, .registrationLost),
    Expectation(.receiverTrustsOwnClock, .ticketAcceptedLate),
    Expectation(.deviceForgetsToSync, .pinLost),
    Expectation(.deviceForgetsToSync, .depositKeysLost),
    Expectation(.deviceForgetsTaken, .depositTakenTwice),
    Expectation(.mailboxForgetsToSync, .depositLost),
    Expectation(.senderTakesSilenceForStored, .depositLost),
    Expectation(.presenceNeverEnds, .grantedForAbsentPeer),
    Expectation(.centerForgetsSealedRequests, .sealedRequestServedTwice),
    Expectation(.centerForgetsGrantingRequests, .grantingRequestServedTwice),
    Expectation(.centerTakesOldRequests, .oldRequestServed),
    Expectation(.centerForgivesLoginEnd, .grantedAfterLoginEnd),
    Expectation(.centerTakesOldTickets, .oldSecretServed),
    Expectation(.centerKeepsOldPresence, .grantedForOldPresence),
    Expectation(.centerKeepsOldDeposits, .grantedForOldDeposits),
    Expectation(.centerTakesHeldChanges, .registrationLost),
    Expectation(.centerForgivesEpochEnd, .grantedAfterEpochEnd),
    Expectation(.receiverForgetsInitiations, .initiationAcceptedTwice),
    Expectation(.receiverForgivesExpiry, .ticketAcceptedLate),
    Expectation(.receiverKeepsPieces, .fileDiffers),
    Expectation(.receiverForgetsDeposits, .depositTakenTwice),
    Expectation(.receiverKeepsDepositPieces, .fileDiffers),
    Expectation(.senderIgnoresPins, .pinIgnored),
    Expectation(.senderReusesEphemeral, .ephemeralReused),
    Expectation(.senderSealsNothing, .plaintextOnTheWire),
    Expectation(.senderTakesSilenceForSuccess, .falseReceipt),
  ]

  /// Within so many seeds.
  private static let seedLimit: UInt64 = 150

  @Test("By the rule that it breaks", arguments: expectations)
  func isFound(_ expectation: Expectation) {
    for seed in 1...Self.seedLimit {
      guard let violation = World(seed: seed, plant: expectation.plant, keepsJournal: false).run(),
        violation.rule == expectation.rule
      else { continue }
      // Whoever reads it can see it again.
      #expect(violation.description.contains("seed \(seed):"))
      return
    }
    Issue.record("no seed up to \(Self.seedLimit) shows it")
  }

  @Test("Every bug that can be planted is")
  func allPlanted() {
    #expect(Set(Self.expectations.map(\.plant)) == Set(Plant.allCases))
  }
}
