/// What `--version` says, in every program alike.
public enum ProgramVersion {
  /// Of the release, by Semantic Versioning 2.0.0; CHANGELOG.md tells what changed in each.
  public static let number = "0.9.0"

  /// The release, and the commit that it was built from: "unknown" outside a Git repository, with
  /// "-dirty" behind it when what was built is in no commit.
  public static let text = "Trent \(number) (commit \(buildCommit))"
}
