import Testing

/// One transcript: where it is, what it is about, and what both makes and checks it.
struct Scenario: Sendable, CustomTestStringConvertible {
  /// Below `Transcripts`, without `.txt`.
  let path: String
  let comment: String
  /// `success`, or the step that has to refuse.
  let expect: String
  /// - Returns: the step that has refused; nil if everything went well.
  let run: @Sendable (Tape) throws -> String?

  var testDescription: String { path }

  /// A scenario in which everything goes well.
  init(
    _ path: String, _ comment: String, run: @escaping @Sendable (Tape) throws -> Void
  ) {
    self.path = path
    self.comment = comment
    expect = "success"
    self.run = { tape in
      try run(tape)
      return nil
    }
  }

  /// A scenario that ends with a refusal.
  init(
    _ path: String, _ comment: String, refusedAt step: String,
    run: @escaping @Sendable (Tape) throws -> String?
  ) {
    self.path = path
    self.comment = comment
    expect = step
    self.run = run
  }

  static let all =
    epochScenarios + sealedScenarios + changeScenarios + grantingScenarios
    + depositScenarios + sealedDepositScenarios + peerScenarios + mailboxScenarios
    + deviceScenarios
    + epochFaults + sealedRequestFaults + changeFaults + sealedReplyFaults + grantingFaults
    + peerFaults
    + transferFaults + mailboxFaults + keyFileFaults
}
