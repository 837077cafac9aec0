import Directory
import DurableFiles
import Operation
import Settings

/// Where a realm is kept: its users, and `kdc.key`.
enum RealmPlace: Hashable, Sendable {
  /// In files, `kdc.key` beside the user file.
  case files(userFile: String)
  /// In PostgreSQL, which several KDCs share; each has a copy of `kdc.key`.
  case store(url: String, keyFile: String)

  /// Where the realm's keys are, for those who say nothing else about a store.
  static let defaultKeyFile = "kdc.key"

  /// What an operator says: a user file, or a store.
  init(userFile: String?, store: String?, keys: String?) throws(SettingsFailure) {
    switch (userFile, store) {
    case (nil, nil):
      throw SettingsFailure("there is no user file: pass -f, --users, or --store")
    case (_?, _?):
      throw SettingsFailure("users are in a file or in a store, not in both")
    case (let userFile?, nil):
      guard keys == nil else { throw SettingsFailure("--keys goes with --store") }
      guard !userFile.isEmpty else { throw SettingsFailure("a file needs a name") }
      self = .files(userFile: userFile)
    case (nil, let store?):
      guard keys != "" else { throw SettingsFailure("a file needs a name") }
      if let fault = RealmFiles.fault(ofStore: store) { throw SettingsFailure(fault) }
      self = .store(url: store, keyFile: keys ?? Self.defaultKeyFile)
    }
  }

  /// The realm's own keys.
  var keyFile: String {
    switch self {
    case .files(let userFile): joinPath(parentFolder(of: userFile), "kdc.key")
    case .store(_, let keyFile): keyFile
    }
  }

  /// The file beside which lock and socket lie. The KDC follows links: they are beside the user
  /// file itself, its key beside the link.
  var base: String {
    switch self {
    case .files(let userFile): UserFile.resolved(userFile)
    case .store(_, let keyFile): keyFile
    }
  }

  /// The file that is there wherever a KDC of this realm has run.
  var evidence: String {
    switch self {
    case .files(let userFile): userFile
    case .store(_, let keyFile): keyFile
    }
  }

  /// What replacing a file may have left behind in a crash.
  var replacedFiles: [String] {
    switch self {
    case .files(let userFile): [keyFile, userFile, userFile + ".presence", userFile + ".deposits"]
    case .store(_, let keyFile): [keyFile]
    }
  }
}
