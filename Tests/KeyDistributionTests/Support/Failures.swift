import KeyDistribution
import Testing

/// The error that `body` throws, if it throws. (`#expect(throws:)` takes no non-copyable values.)
func failure<Failure: Error>(_: Failure.Type, of body: () throws -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch let error as Failure {
    return error
  } catch {
    Issue.record("\(error) is not a \(Failure.self)")
    return nil
  }
}

func exchangeFailure(_ body: () throws -> Void) -> ExchangeFailure? {
  failure(ExchangeFailure.self, of: body)
}

func peerFailure(_ body: () throws -> Void) -> PeerFailure? {
  failure(PeerFailure.self, of: body)
}

func distrust(_ body: () throws -> Void) -> PeerDistrust? {
  failure(PeerDistrust.self, of: body)
}
