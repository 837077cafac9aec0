import Foundation
import Testing

extension Stage {
  /// `client receive`, ready to be reached.
  func receiving(
    _ user: User, at kdc: RunningKDC, into folder: Folder, _ extra: [String] = ["--accept-all"]
  ) async throws -> Program {
    let program = try start(
      .client,
      ["receive", "-d", folder.path, "-n", user.name, "-l", "0"]
        + Access(user, at: kdc).arguments + extra, home: user.home)
    try await program.said("listening on port")
    return program
  }

  /// `client send`.
  func sending(
    _ user: User, at kdc: RunningKDC, to receiver: String, _ words: [String],
    input: Program.Input = .nothing
  ) throws -> Program {
    try start(
      .client,
      ["send", "-r", receiver, "-n", user.name] + Access(user, at: kdc).arguments + words,
      home: user.home, input: input)
  }
}

/// What a tree consists of: kind, permissions, time and content of everything in it, by path.
func treeReport(_ folder: Folder) throws -> [String: String] {
  var report: [String: String] = [:]
  for name in FileManager.default.enumerator(atPath: folder.path)?.compactMap({ $0 as? String })
    ?? []
  {
    var status = stat()
    guard unsafe lstat(folder.path(name), &status) == 0 else { throw TestProblem("lstat \(name)") }
    let content =
      switch status.st_mode & S_IFMT {
      case S_IFREG:
        "file of \(folder.bytes(of: name)?.count ?? -1): \(digest(folder.bytes(of: name)))"
      case S_IFLNK:
        "link to " + (try FileManager.default.destinationOfSymbolicLink(atPath: folder.path(name)))
      case S_IFDIR: "folder"
      default: "something else"
      }
    let milliseconds = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1_000_000
    report[name] = "\(content), \(String(status.st_mode & 0o7777, radix: 8)), \(milliseconds)"
  }
  return report
}

/// Enough to tell contents of tests apart.
private func digest(_ bytes: [UInt8]?) -> UInt64 {
  (bytes ?? []).reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
}
