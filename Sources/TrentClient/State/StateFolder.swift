internal import DurableFiles
internal import Glibc

/// Where a user's programs keep what they have to remember: `$TRENT_HOME`, else the folder `trent`
/// in the state folder of the XDG Base Directory Specification. For its owner alone.
public struct StateFolder: Hashable, Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// The folder that the environment names.
  public static func current() throws(ClientFailure) -> StateFolder {
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

  /// The path of a file in the folder.
  func path(_ name: String) -> String { joinPath(path, name) }

  /// Takes the lock of a name, for which there is a file beside the others. Waits while somebody
  /// else has it, for ten seconds at most.
  func lock(_ name: String = "lock") throws(ClientFailure) -> FileLock {
    let path = path(name)
    try withFiles { () throws(FileFailure) in try createPrivateFolders(parentFolder(of: path)) }
    for _ in 0..<Self.lockAttempts {
      do throws(FileLockFailure) {
        return try FileLock(path: path)
      } catch .held {
        usleep(Self.lockPause)
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
