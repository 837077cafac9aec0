internal import DurableFiles
internal import Glibc

/// Where a received file goes.
public enum OutputTarget: Hashable, Sendable {
  /// Replaced as a whole when the file is complete, or not touched.
  case file(String)
  /// Gets each part of the file once it has been authenticated.
  case standardOutput
  /// Not kept in the clear: for a receiver who wants the encrypted copy alone.
  case nowhere

  /// Finds out whether a file can be made there, so that a receiver need not wait for hours to say
  /// that it cannot. Devices and pipes are left alone until there is something to write.
  func check() throws(ClientFailure) {
    guard case .file(let path) = self else { return }
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    guard !exists || kind == S_IFREG || kind == S_IFDIR else { return }
    try withFiles { () throws(FileFailure) in
      _ = try AtomicFile(replacing: path, mode: 0o666, maskedByUmask: true)
    }
  }

  var path: String {
    switch self {
    case .file(let path): path
    case .standardOutput: "/dev/stdout"
    case .nowhere: "/dev/null"
    }
  }
}
