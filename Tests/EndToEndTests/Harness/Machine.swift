import KeyDistribution
import SecretMemory
import Testing

/// Something with a name and a key file.
struct Machine {
  let name: String
  let keyFile: String
  /// The `TRENT_HOME` of all its programs.
  let home: Folder
  private let stage: Stage

  init(_ name: String, on stage: Stage) {
    self.name = name
    self.stage = stage
    keyFile = stage.folder.path("\(name).key")
    home = Folder(notYetAt: stage.folder.path("home-\(name)"))
  }

  /// One that is registered.
  static func registered(
    _ name: String, at kdc: RunningKDC, on stage: Stage
  ) async throws -> Machine {
    let machine = Machine(name, on: stage)
    try await machine.keygen(at: kdc).expectExit(0)
    return machine
  }

  func keygen(at kdc: RunningKDC) throws -> Program {
    try stage.start(
      .client, keygenArguments(host: kdc.host, port: kdc.port, word: kdc.word), home: home)
  }

  func keygenArguments(host: String = "127.0.0.1", port: UInt16, word: String) -> [String] {
    ["keygen", "-n", name, "--key-file", keyFile, "-a", host, "-p", "\(port)"]
      + ["--kdc-key", word]
  }

  private func access(_ port: UInt16) -> [String] {
    ["-a", "127.0.0.1", "-p", "\(port)", "--key-file", keyFile]
  }

  /// Without a terminal, and without a word about name and KDC: both are in the file.
  ///
  /// - Parameter port: where the KDC is, if not at its own port.
  func receiver(
    at kdc: RunningKDC, port: UInt16? = nil, _ extra: [String]
  ) throws -> Program {
    try stage.start(
      .client, ["-m", "R", "-l", "0"] + access(port ?? kdc.port) + extra, home: home)
  }

  func sender(at kdc: RunningKDC, to receiver: String, _ file: String) throws -> Program {
    try stage.start(
      .client, ["-m", "S", "-r", receiver, "-i", file] + access(kdc.port), home: home)
  }

  /// What the file holds.
  func key() throws -> PrincipalKey {
    let name = "\(name).key"
    let bytes = try #require(stage.folder.bytes(of: name))
    return try PrincipalKey(bytes.bytes)
  }
}
