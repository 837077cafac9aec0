import Testing

@Suite("A bug that is planted is found")
struct PlantTests {
  /// A planted bug, and what it must be seen to violate, in which kind of world.
  struct Expectation: CustomTestStringConvertible {
    let plant: Plant
    let rule: Violation.Rule
    let kind: Kind
    var testDescription: String { "\(plant): \(rule.rawValue)" }

    init(_ plant: Plant, _ rule: Violation.Rule, in kind: Kind = .any) {
      self.plant = plant
      self.rule = rule
      self.kind = kind
    }

    enum Kind {
      case any, files, replicas, crashes, clocks

      func adjust(_ weather: inout Weather) {
        switch self {
        case .any: break
        case .files: (weather.hasReplicas, weather.hasCrashes) = (false, true)
        case .replicas:
          weather.hasReplicas = true
          (weather.hasCrashes, weather.hasPartitions) = (true, true)
        case .crashes: weather.hasCrashes = true
        case .clocks: (weather.hasClockJumps, weather.interceptions) = (true, 300)
        }
      }
    }
  }

  static let expectations = [
    Expectation(.directoryOverwrites, .nameHasTwoOwners),
    Expectation(.directoryAnswersEarly, .registrationLost),
    Expectation(.directoryForgetsToSync, .registrationLost, in: .files),
    Expectation(.storeCommitsAlone, .registrationLost, in: .replicas),
    Expectation(.replicaKeepsCopies, .oldSecretServed, in: .replicas),
    Expectation(.changerBelievesUnavailable, .registrationLost, in: .replicas),
    Expectation(.receiverTrustsOwnClock, .ticketAcceptedLate, in: .clocks),
    Expectation(.deviceForgetsToSync, .pinLost, in: .crashes),
    Expectation(.deviceForgetsToSync, .depositKeysLost, in: .crashes),
    Expectation(.deviceForgetsTaken, .depositTakenTwice, in: .crashes),
    Expectation(.mailboxForgetsToSync, .depositLost, in: .crashes),
    Expectation(.senderTakesSilenceForStored, .depositLost, in: .crashes),
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
      let world = World(
        seed: seed, plant: expectation.plant, keepsJournal: false,
        adjusting: expectation.kind.adjust)
      guard let violation = world.run(), violation.rule == expectation.rule else { continue }
      // Whoever reads it can see it again.
      #expect(violation.description.contains("seed \(seed):"))
      print("\(expectation.plant): seed \(seed)")
      return
    }
    Issue.record("no seed up to \(Self.seedLimit) shows it")
  }

  @Test("Every bug that can be planted is")
  func allPlanted() {
    #expect(Set(Self.expectations.map(\.plant)) == Set(Plant.allCases))
  }
}
