import Testing
import Transport
import Wire

@testable import TrentClient

/// When a sender tries again, and when it gives up.
@Suite struct RetriesTests {
  private let passing = ClientFailure(.receiverAbsent, "away", isPassing: true)

  /// Runs an attempt again and again without waiting.
  private func retries(for limit: Interval) -> Retries {
    Retries(for: limit, person: Nobody()) { _ in }
  }

  @Test func withoutTimeThereIsOneAttempt() {
    var count = 0
    #expect(throws: passing) {
      try retries(for: .milliseconds(0)).run { () throws(ClientFailure) in
        count += 1
        throw passing
      }
    }
    #expect(count == 1)
  }

  @Test func itTriesUntilItGoesWell() throws {
    var count = 0
    let value = try retries(for: .minutes(1)).run { () throws(ClientFailure) in
      count += 1
      guard count == 20 else { throw passing }
      return count
    }
    #expect(value == 20)
  }

  @Test func aFailureThatStaysIsNotTriedAgain() {
    var count = 0
    let failure = ClientFailure(.refusedByReceiver, "no")
    #expect(throws: failure) {
      try retries(for: .minutes(1)).run { () throws(ClientFailure) in
        count += 1
        throw count == 3 ? failure : passing
      }
    }
    #expect(count == 3)
  }

  @Test func theTimeEndsAndTheLastFailureIsTold() {
    var count = 0
    let retries = Retries(for: .milliseconds(30), person: Nobody()) { deadline in
      while !deadline.hasPassed {}
    }
    #expect(throws: passing) {
      try retries.run { () throws(ClientFailure) in
        count += 1
        throw passing
      }
    }
    // The pause is longer than the time: one more try at its end.
    #expect(count == 2)
  }

  @Test(arguments: [
    (most: false, milliseconds: [500, 1000, 2000, 4000, 5000, 5000]),
    (most: true, milliseconds: [1000, 2000, 4000, 8000, 10_000, 10_000]),
  ])
  func pausesGrowAndDiffer(most: Bool, milliseconds: [UInt64]) {
    var pauses: [UInt64] = []
    let retries = Retries(
      for: .minutes(60), person: Nobody(),
      wait: { pauses.append($0.remaining.milliseconds) }, random: { most ? $0 : 0 })
    #expect(throws: ClientFailure.self) {
      try retries.run { () throws(ClientFailure) in
        throw pauses.count < 6 ? passing : ClientFailure(.other, "the end")
      }
    }
    #expect(pauses.count == milliseconds.count)
    for (pause, expected) in zip(pauses, milliseconds) {
      // Some time may have passed since it began.
      #expect(pause <= expected && pause + 400 > expected)
    }
  }

  @Test func progressBeginsTheTimeAnew() {
    var count: UInt64 = 0
    let retries = Retries(for: .milliseconds(30), person: Nobody()) { deadline in
      while !deadline.hasPassed {}
    }
    #expect(throws: passing) {
      try retries.run { () throws(ClientFailure) in
        count += 1
        // It comes further four times, and no further then.
        retries.note(progress: min(count, 4))
        throw passing
      }
    }
    #expect(count == 5)
  }
}
