/// Why something cannot be staged or put in its place.
public enum StagingFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process, or another part of this one, receives the same.
  case busy(path: String)
  /// There is something of a name that was not to be replaced.
  case exists(path: String)
  /// What the system refused.
  case file(FileFailure)

  public var description: String {
    switch self {
    case .busy(let path): "\(FileFailure.visible(path)) is being received already"
    case .exists(let path): "\(FileFailure.visible(path)) exists already"
    case .file(let failure): failure.description
    }
  }

  /// Runs `body` and tells what the system refused.
  static func telling<Value: ~Copyable>(
    _ body: () throws(FileFailure) -> Value
  ) throws(StagingFailure) -> Value {
    do { return try body() } catch { throw .file(error) }
  }
}

/// What to do when something has the name already that a received thing shall get.
public enum ExistingPolicy: String, Hashable, Sendable, CaseIterable {
  /// Nothing is written, and the sender is told.
  case refuse
  /// Files are replaced in one step. Folders are not mixed: the old one is removed.
  case overwrite
  /// The new one gets another name.
  case rename
}
