internal import DurableFiles
internal import Glibc

/// Where a user's programs keep what they have to remember: `$TRENT_HOME`, else the folder `trent`
/// in the state folder of the XDG Base Directory Specification. For its owner alone.
public struct StateFolder: Hashable, Sendable {
  /// It need not be there yet.
  public let path: String

  /// A folder of the caller's choice, which nobody else should be able to write to.
  public init(path: String) { self.path = path }

  /// The folder that the environment names. The person is told when others can put something else
  /// in the place of what is kept there; nil: nobody is told.
  public static func current(telling person: (any Person)?) throws(ClientFailure) -> StateFolder {
    let state = try named()
    if let person { for warning in state.warnings { person.say(warning) } }
    return state
  }

  private static func named() throws(ClientFailure) -> StateFolder {
    if let path = environment("TRENT_HOME") { return StateFolder(path: path) }
    // Relative paths in this variable are to be ignored, says the specification.
    if let base = environment("XDG_STATE_HOME"), base.hasPrefix("/") {
      return StateFolder(path: joinPath(base, "trent"))
    }
    guard let home = environment("HOME") else {
      throw ClientFailure(
        .fileFailure, "Neither TRENT_HOME nor HOME is set: set one to say where to keep files.")
    }
    return StateFolder(path: joinPath(home, ".local/state/trent"))
  }

  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// A sentence for each folder that others may change. It is not mended unasked: who lets
  /// TRENT_HOME name a folder that is used for other things, too, may have reasons.
  var warnings: [String] {
    let kept = [IdentityFiles.folder, CredentialCache.folder, DepositKeyFiles.folder]
    return ([path] + kept.map { path($0) }).compactMap { folder in
      guard let status = try? EntryStatus.following(folder), status.kind == .folder else {
        return nil
      }
      let shown = Finding.shown(folder)
      if status.isWritableByOthers {
        return "others may change what is kept in \(shown): chmod 700 \(Finding.quoted(folder))"
      }
      return status.isOwn || status.owner == 0
        ? nil : "\(shown) belongs to another user, who may change what is kept there"
    }
  }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { joinPath(path, name) }

  /// Takes the lock of a name, for which there is a file beside the others. Waits while somebody
  /// else has it, for ten seconds at most.
  func lock(_ name: String = "lock") throws(ClientFailure) -> FileLock {
    let path = path(name)
    try withFiles { () throws(FileFailure) in try createPrivateFolders(parentFolder(of: path)) }
    return try Self.lock(at: path)
  }

  /// The same for a lock that is elsewhere.
  static func lock(at path: String) throws(ClientFailure) -> FileLock {
    for _ in 0..<lockAttempts {
      do throws(FileLockFailure) {
        return try FileLock(path: path)
      } catch .held {
        usleep(lockPause)
      } catch {
        throw ClientFailure(.fileFailure, error.description)
      }
    }
    throw ClientFailure(
      .fileFailure, FileLockFailure.held(path: path).description + ". Try again later.")
  }

  private static let lockAttempts = 500
  /// In microseconds.
  private static let lockPause: UInt32 = 20_000
}

extension FileLock {
  /// A use of the lock, which keeps it alive up to this point.
  borrowing func isHeldUntilHere() {}
}
