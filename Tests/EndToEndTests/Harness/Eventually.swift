import Testing

/// Something that a test waits for did not happen.
struct WaitedInVain: Error, CustomStringConvertible {
  let description: String
}

/// Waits until `condition` gives a value and returns it. Long enough for a busy machine; no test
/// waits for the time to pass.
///
/// - Parameters:
///   - what: completes the sentence "waited in vain for ...".
///   - report: what to show besides when it was in vain.
func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(20), report: @autoclosure () -> String = "",
  _ condition: () throws -> Value?
) async throws -> Value {
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try condition() { return value }
    guard ContinuousClock.now < deadline else {
      throw WaitedInVain(description: "waited in vain for \(what)\n\(report())")
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}
