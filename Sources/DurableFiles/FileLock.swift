internal import Glibc

/// Why a lock was not taken.
public enum FileLockFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process, or another part of this one, has it.
  case held(path: String)
  /// The file that carries the lock could not be made or opened.
  case file(FileFailure)

  public var description: String {
    switch self {
    case .held(let path):
      "\(FileFailure.visible(path)) is locked: another process is using it"
    case .file(let failure): failure.description
    }
  }
}

/// An exclusive lock that one holder at a time has, for as long as the value lives.
///
/// The kernel gives it back when the process dies, however it dies. The file is created (0600) when
/// it is missing and is never removed: two holders could otherwise lock two files of one name. For
/// the same reason it must not be a file that `AtomicFile` replaces: give the lock one of its own.
public struct FileLock: ~Copyable, Sendable {
  private let file: OpenFile

  /// Takes the lock at once or throws.
  public init(path: String) throws(FileLockFailure) {
    let opened = try Self.open(path)
    while flock(opened.descriptor, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK: throw .held(path: path)
      default: throw .file(FileFailure(.lock, path))
      }
    }
    file = opened
  }

  /// Gives the lock back. To close the file is not enough while a process is being started: until
  /// that runs its program, it has the file open as well.
  deinit { flock(file.descriptor, LOCK_UN) }

  private static func open(_ path: String) throws(FileLockFailure) -> OpenFile {
    do throws(FileFailure) {
      return try OpenFile(
        path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600, operation: .lock)
    } catch {
      throw .file(error)
    }
  }
}
