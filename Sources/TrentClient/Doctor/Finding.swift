internal import FileTransfer

/// What a check has found: what was looked at, how it is, and what to do.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
  /// How bad it is.
  public enum State: String, Hashable, Sendable {
    /// All is well.
    case ok
    /// It works, but may not for long, or not for everybody.
    case warning
    /// It does not work.
    case problem
  }

  /// What was looked at.
  public let subject: String
  /// How bad it is.
  public let state: State
  /// How it is, in a sentence without its full stop.
  public let text: String
  /// What to do; nil when nothing is.
  public let advice: String?

  private init(_ subject: String, _ state: State, _ text: String, advice: String?) {
    self.subject = subject
    self.state = state
    self.text = text
    self.advice = advice
  }

  static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(subject, .ok, text, advice: nil)
  }

  static func warning(_ subject: String, _ text: String, advice: String) -> Finding {
    Finding(subject, .warning, text, advice: advice)
  }

  static func problem(_ subject: String, _ text: String, advice: String) -> Finding {
    Finding(subject, .problem, text, advice: advice)
  }

  /// Something that has been put into words already, with what to do.
  static func problem(_ subject: String, _ failure: ClientFailure) -> Finding {
    Finding(subject, .problem, failure.description, advice: nil)
  }

  /// One line, and a second one with what to do.
  public var description: String {
    let padding = String(repeating: " ", count: Self.width - state.rawValue.count)
    let line = "\(state.rawValue)\(padding)\(subject): \(text)"
    guard let advice else { return line }
    return line + "\n\(String(repeating: " ", count: Self.width))-> \(advice)"
  }

  private static let width = 9
  private static let textLimit = 1000

  /// A path, or anything else from elsewhere, fit to be shown.
  static func shown(_ text: String) -> String { SafeText(text, limit: textLimit).description }

  /// A path as a shell takes it for one word.
  static func quoted(_ path: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%")
    guard !path.allSatisfy({ plain.contains($0) }) else { return path }
    return "'"
      + shown(path).split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
