internal import KeyDistribution
internal import Transport

/// Why the load could not be put on the KDC at all, as a sentence.
struct LoadFailure: Error, CustomStringConvertible {
  let description: String

  init(_ sentence: String) { description = sentence }

  init(_ failure: TransportFailure) { description = "the KDC is not reached: \(failure)" }

  init(_ failure: ExchangeFailure) { description = "the KDC does not do as it should: \(failure)" }
}
