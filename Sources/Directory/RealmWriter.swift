internal import DurableFiles
internal import Glibc
internal import SecretMemory
public import Wire

/// Writes a whole realm into files of its own, the user file last: as long as that is not there, no
/// KDC takes the others for anything.
public struct RealmWriter {
  private let path: String
  private let realm: [UInt8]

  /// - Parameters:
  ///   - path: that of the user file, which must not be there yet.
  ///   - realm: the SHA-256 of the KDC's first identity key, 32 bytes.
  public init(userFile path: String, realm: [UInt8]) {
    self.path = path
    self.realm = realm
  }

  /// Throws a sentence. What was written so far is of no harm then.
  public func write(_ content: some RealmContent, at now: Timestamp) throws(DirectoryUnavailable) {
    guard unsafe access(path, F_OK) != 0 else {
      throw DirectoryUnavailable("there is a file \(path) already")
    }
    let presences = try content.presences(at: now).map { RecordLines.text(of: $0) }
    let deposits = try content.deposits(at: now).map { RecordLines.text(of: $0) }
    let invitations = try content.invitations(at: now).flatMap { RecordLines.texts(of: $0) }
    do {
      for (name, lines) in [
        ("presence", presences), ("deposits", deposits), ("invitations", invitations),
      ] {
        let text = header(name) + [UInt8](lines.map { $0 + "\n" }.joined().utf8)
        try AtomicFile.replace("\(path).\(name)", with: text.bytes)
      }
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(header("users").bytes)
      try Self.writeUsers(of: content, to: &file)
      guard try file.commitIfAbsent() else {
        throw FileFailure(path: path, operation: .save, errno: EEXIST)
      }
    } catch {
      throw DirectoryUnavailable("\(error)")
    }
  }

  private static func writeUsers(
    of content: some RealmContent, to file: inout AtomicFile
  ) throws {
    var buffer: [UInt8] = []
    var failure: FileFailure?
    try content.visitUsers { user in
      buffer += (RecordLines.text(of: user) + "\n").utf8
      guard buffer.count >= 1 << 20, failure == nil else { return }
      do throws(FileFailure) {
        try file.write(buffer.bytes)
      } catch {
        failure = error
      }
      buffer.removeAll(keepingCapacity: true)
    }
    if let failure { throw failure }
    try file.write(buffer.bytes)
  }

  private func header(_ content: String) -> [UInt8] {
    [UInt8]((FileHeader(content: content, realm: realm).text + "\n").utf8)
  }
}
