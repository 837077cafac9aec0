internal import Glibc
internal import KeyDistribution
internal import Settings
internal import TrentClient
internal import Wire

/// What need not be said on the command line each time: the settings file and the `TRENT_*`
/// variables of the environment. The command line wins.
struct ClientSettings {
  private static let keys: Set<String> = [
    "deposit-lifetime", "kdc.host", "kdc.key", "kdc.port", "key-file", "name", "new-peer",
    "passphrase-file", "receive.accept-from", "receive.announce", "receive.folder", "receive.port",
  ]

  private let settings: Settings
  private let home: String?

  /// What `--help` says of it.
  static let help = """
    What is said each time may stand in a settings file, $XDG_CONFIG_HOME/trent/settings.json \
    (~/.config/trent/settings.json), or the one that TRENT_SETTINGS names:

      {"name": "alice", "kdc": {"host": "kdc.example.org", "port": 7000},
       "receive": {"folder": "~/Downloads"}}

    Also key-file, passphrase-file (with a name of the file's own, not that of -n), new-peer, \
    kdc.key, receive.port, receive.announce, receive.accept-from and deposit-lifetime. The \
    variables TRENT_NAME, TRENT_KDC_HOST and so on win over the file, and options over both.
    """

  static func current() throws(ClientFailure) -> ClientSettings {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let variable = unsafe String(cString: text).split(separator: "=", maxSplits: 1)
      if variable.count == 2 { variables[String(variable[0])] = String(variable[1]) }
      unsafe entry += 1
    }
    return try ClientSettings(variables: variables)
  }

  init(variables: [String: String]) throws(ClientFailure) {
    home = variables["HOME"].flatMap { $0.isEmpty ? nil : $0 }
    let named = variables["TRENT_SETTINGS"].flatMap { $0.isEmpty ? nil : $0 }
    do throws(SettingsFailure) {
      settings = try Settings(
        path: named ?? Self.usualPath(variables, home: home), mustExist: named != nil,
        keys: Self.keys, variables: variables)
    } catch {
      throw ClientFailure(.usage, error.description)
    }
  }

  /// The place that the XDG Base Directory Specification gives it. Relative paths in its variable
  /// are to be ignored, it says.
  private static func usualPath(_ variables: [String: String], home: String?) -> String {
    let base = variables["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return (base ?? (home ?? "") + "/.config") + "/trent/settings.json"
  }

  var path: String { settings.path }

  /// What the KDC is set to be.
  var kdc: (host: String?, port: UInt16?, key: Realm?) {
    get throws(ClientFailure) {
      try reading { (settings) throws(SettingsFailure) in
        (
          try settings.value("kdc.host", "hosts by name or address, with a port or without") {
            (try? KDCTarget($0, port: 1)) == nil ? nil : $0
          },
          try settings.value("kdc.port", "a port, 1 to 65535") { UInt16($0).flatMap(Self.port) },
          try settings.value("kdc.key", "the word that the KDC prints when it starts") {
            Realm(word: $0)
          }
        )
      }
    }
  }

  var name: PrincipalName? {
    get throws(ClientFailure) {
      try reading { (settings) throws(SettingsFailure) in
        try settings.value("name", "a user's name") { PrincipalName($0) }
      }
    }
  }

  var keyFile: String? { get throws(ClientFailure) { try path("key-file") } }

  var passphraseFile: String? { get throws(ClientFailure) { try path("passphrase-file") } }

  var newPeer: NewPeerPolicy? {
    get throws(ClientFailure) {
      try reading { (settings) throws(SettingsFailure) in
        try settings.value("new-peer", "accept, ask or refuse") { NewPeerPolicy(rawValue: $0) }
      }
    }
  }

  /// Of no length where no deposits are taken.
  var depositLifetime: Interval? {
    get throws(ClientFailure) {
      try reading { (settings) throws(SettingsFailure) in
        try settings.value("deposit-lifetime", DepositOptions.requirement, DepositOptions.parse)
      }
    }
  }

  var receiverFolder: String? { get throws(ClientFailure) { try path("receive.folder") } }

  var receiverPort: UInt16? {
    get throws(ClientFailure) {
      try reading { (settings) throws(SettingsFailure) in
        try settings.value("receive.port", "a port") { UInt16($0) }
      }
    }
  }

  var announced: [HostAndPort] {
    get throws(ClientFailure) {
      try list("receive.announce", "addresses: hosts, or HOST:PORT") {
        HostAndPort($0, defaultPort: 0)
      }
    }
  }

  var acceptedSenders: [PrincipalName] {
    get throws(ClientFailure) {
      try list("receive.accept-from", "names of users") { PrincipalName($0) }
    }
  }

  private static func port(_ number: UInt16) -> UInt16? { number == 0 ? nil : number }

  private func path(_ key: String) throws(ClientFailure) -> String? {
    try reading { (settings) throws(SettingsFailure) in try settings.path(key, home: home) }
  }

  private func list<Item>(
    _ key: String, _ requirement: String, _ parse: (String) -> Item?
  ) throws(ClientFailure) -> [Item] {
    let items = try reading { (settings) throws(SettingsFailure) in
      try settings.value(key, requirement) { text -> [Item]? in
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let items = words.compactMap { parse(String($0)) }
        return items.count == words.count ? items : nil
      }
    }
    return items ?? []
  }

  private func reading<Value>(
    _ body: (Settings) throws(SettingsFailure) -> Value
  ) throws(ClientFailure) -> Value {
    do throws(SettingsFailure) {
      return try body(settings)
    } catch {
      throw ClientFailure(.usage, error.description)
    }
  }
}
