internal import DurableFiles
internal import Glibc

/// Where a received file goes.
public enum OutputTarget: Hashable, Sendable {
  /// One file, replaced as a whole when it is complete, or not touched.
  case file(String)
  /// Everything gets its own name in this folder when all is complete.
  case folder(String)
  /// Gets each part of the file once it has been authenticated.
  case standardOutput
  /// Taken by a program, a shell's command, on its standard input.
  case program(String)
  /// Texts alone are taken, and shown.
  case texts
  /// Not kept in the clear: for a receiver who wants the encrypted copy alone.
  case nowhere

  /// Finds out whether a file can be made there, so that a receiver need not wait for hours to say
  /// that it cannot. Devices and pipes are left alone until there is something to write.
  func check() throws(ClientFailure) {
    if case .folder(let path) = self { return try Self.checkFolder(path) }
    guard case .file(let path) = self else { return }
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    guard !exists || kind == S_IFREG || kind == S_IFDIR else { return }
    try withFiles { () throws(FileFailure) in
      _ = try AtomicFile(replacing: path, mode: 0o666, maskedByUmask: true)
    }
  }

  /// Also removes what interrupted transfers have left and nobody has come back to.
  private static func checkFolder(_ path: String) throws(ClientFailure) {
    try withFiles { () throws(FileFailure) in
      let folder = try ConfinedFolder(path)
      guard unsafe access(path, W_OK | X_OK) == 0 else {
        throw FileFailure(path: path, operation: .write, errno: errno)
      }
      Staging.removeForgotten(in: folder)
    }
  }

  /// Whether everything gets the names that the sender gives.
  var isFolder: Bool {
    if case .folder = self { true } else { false }
  }

  /// Whether a second thing would take the place of the first.
  var isForOne: Bool {
    switch self {
    case .folder, .texts: false
    case .file, .standardOutput, .program, .nowhere: true
    }
  }

  var path: String {
    switch self {
    case .file(let path), .folder(let path): path
    case .standardOutput: "/dev/stdout"
    case .nowhere, .program, .texts: "/dev/null"
    }
  }
}
