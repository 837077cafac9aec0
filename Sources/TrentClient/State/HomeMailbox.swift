internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// Where a user of this device looks for deposits, at one KDC: a mailbox that each login which
/// takes deposits tells the KDC, for senders.
struct HomeMailbox {
  static let fileName = "mailbox"

  private let folder: String
  private let state: StateFolder

  init(of name: PrincipalName, in realm: Realm, state: StateFolder) {
    folder = DepositKeyFiles.folder(of: name, in: realm)
    self.state = state
  }

  var path: String { state.path("\(folder)/\(Self.fileName)") }

  /// Nil when none is set.
  func load() throws(ClientFailure) -> PrincipalName? {
    let contents = try withFiles { () throws(FileFailure) in
      // A byte more than a name and the end of its line, so that a longer one is found out.
      try readSecretFile(path, limit: PrincipalName.paddedByteCount + 1)
    }
    guard let contents else { return nil }
    let text = String(decoding: [UInt8](contents.bytes), as: UTF8.self)
    guard text.hasSuffix("\n"), let mailbox = PrincipalName(String(text.dropLast())) else {
      throw ClientFailure(
        .fileFailure, "\(path) is damaged. Set the mailbox again: client mailbox set MAILBOX")
    }
    return mailbox
  }

  /// It is on the disk when this returns.
  ///
  /// - Parameter mailbox: nil: none.
  func save(_ mailbox: PrincipalName?) throws(ClientFailure) {
    let lock = try DepositKeyFiles.lock(folder, in: state)
    defer { lock.isHeldUntilHere() }
    try withFiles { () throws(FileFailure) in
      try removePartialFiles(of: path)
      guard let mailbox else {
        try wipeFile(path)
        return
      }
      let text = [UInt8]("\(mailbox)\n".utf8)
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(text.bytes)
      try file.commit()
    }
  }
}
