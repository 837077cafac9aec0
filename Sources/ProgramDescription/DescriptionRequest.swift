/// What asks a program to describe itself as a whole, with all of its commands.
public enum DescriptionRequest {
  /// Whether the first argument asks for a script with which a shell completes words, or for all
  /// that `--help` says, as JSON, of which the manual pages are made.
  public static func isMade(by arguments: [String]) -> Bool {
    guard let first = arguments.first else { return false }
    return first == "--experimental-dump-help" || first.hasPrefix("--generate-completion-script")
  }
}
