/// What is wrong with settings, as a sentence for whoever wrote them.
public struct SettingsFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ sentence: String) { description = sentence }

  /// A value that cannot be what it is for.
  init(_ key: String, of source: String, _ reason: String) {
    self.init("The setting \"\(key)\" of \(source) is no good: \(reason).")
  }
}
