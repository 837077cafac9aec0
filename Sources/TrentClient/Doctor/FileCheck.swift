internal import DurableFiles

/// Who else may read or write what a user's programs keep.
struct FileCheck {
  private let state: StateFolder

  init(_ state: StateFolder) { self.state = state }

  private static let depthLimit = 4

  func run() -> [Finding] {
    let subject = "files"
    do throws(FileFailure) {
      guard let root = try EntryStatus.following(state.path) else {
        return [.ok(subject, "there is no folder \(Finding.shown(state.path)) yet")]
      }
      guard root.kind == .folder else {
        return [
          .problem(
            subject, "\(Finding.shown(state.path)) is no folder",
            advice: "let TRENT_HOME name a folder, or a place for a new one")
        ]
      }
      var findings = [Self.finding(root, state.path, holdsSecrets: false)].compactMap(\.self)
      var count = 0
      try walk(state.path, depth: 1, holdsSecrets: false, &count, &findings)
      guard findings.isEmpty else { return findings }
      let shown = Finding.shown(state.path)
      return [.ok(subject, "\(shown) and \(count) entries in it are for their owner alone")]
    } catch {
      return [.problem(subject, ClientFailure(error))]
    }
  }

  private func walk(
    _ folder: String, depth: Int, holdsSecrets: Bool, _ count: inout Int,
    _ findings: inout [Finding]
  ) throws(FileFailure) {
    for name in try folderEntries(folder) {
      let path = joinPath(folder, name)
      guard let status = try EntryStatus.of(path) else { continue }
      count += 1
      let holdsSecrets = holdsSecrets || depth == 1 && Self.secretFolders.contains(name)
      if let finding = Self.finding(status, path, holdsSecrets: holdsSecrets) {
        findings.append(finding)
      }
      if status.kind == .folder, depth < Self.depthLimit {
        try walk(path, depth: depth + 1, holdsSecrets: holdsSecrets, &count, &findings)
      }
    }
  }

  private static let secretFolders = [
    CredentialCache.folder, DepositKeyFiles.folder, IdentityFiles.folder,
  ]

  /// Nil when it is as it should be.
  private static func finding(
    _ status: EntryStatus, _ path: String, holdsSecrets: Bool
  ) -> Finding? {
    let (shown, quoted) = (Finding.shown(path), Finding.quoted(path))
    guard status.kind != .link else {
      return .warning(
        "files", "\(shown) is a symbolic link",
        advice: "unless you have put it there, remove it: rm \(quoted)")
    }
    guard status.kind == .file || status.kind == .folder else {
      return .warning(
        "files", "\(shown) is neither a file nor a folder",
        advice: "unless you have put it there, remove it: rm \(quoted)")
    }
    guard status.isOwn else {
      return .problem(
        "files", "\(shown) belongs to another user, of number \(status.owner)",
        advice: "as root: chown USER \(quoted), or let TRENT_HOME name a folder of your own")
    }
    guard status.isOpenToOthers else { return nil }
    let what = status.isWritableByOthers ? "others may change \(shown)" : "others may read \(shown)"
    let text = "\(what), mode \(octal(status.permissions))"
    let advice = "chmod \(status.kind == .folder ? "700" : "600") \(quoted)"
    return holdsSecrets || status.isWritableByOthers
      ? .problem("files", text, advice: advice) : .warning("files", text, advice: advice)
  }

  /// A file of a passphrase or a key, wherever it is.
  static func secretFile(_ path: String) -> Finding {
    let subject = "file \(Finding.shown(path))"
    let status: EntryStatus?
    do { status = try EntryStatus.following(path) } catch {
      return .problem(subject, ClientFailure(error))
    }
    guard let status else {
      return .problem(subject, "it is not there", advice: "check the path")
    }
    guard status.kind == .file else {
      return .warning(subject, "it is no regular file", advice: "check the path")
    }
    guard status.isOwn else {
      return .problem(
        subject, "it belongs to another user, of number \(status.owner)",
        advice: "as root: chown USER \(Finding.quoted(path))")
    }
    guard !status.isOpenToOthers else {
      return .problem(
        subject, "it holds a secret, and others may use it, mode \(octal(status.permissions))",
        advice: "chmod 600 \(Finding.quoted(path)), and change the secret if others have been there"
      )
    }
    return .ok(subject, "it is for its owner alone")
  }

  private static func octal(_ permissions: UInt32) -> String {
    let digits = String(permissions, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
