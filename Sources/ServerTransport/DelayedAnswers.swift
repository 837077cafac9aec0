/// Answers that may not leave yet.
struct DelayedAnswers {
  struct Answer {
    let due: Moment
    let connection: StreamName
    let number: ResponseQueue.Number
    let message: [UInt8]?
  }

  /// The earliest last. Delays are much alike, so that a new one belongs near the front.
  private var answers: [Answer] = []

  /// When the next one may leave.
  var next: Moment? { answers.last?.due }

  mutating func insert(_ answer: Answer) {
    let place = answers.firstIndex { $0.due <= answer.due } ?? answers.endIndex
    answers.insert(answer, at: place)
  }

  /// One that may leave now.
  mutating func take(at now: Moment) -> Answer? {
    guard let next, next <= now else { return nil }
    return answers.popLast()
  }
}
