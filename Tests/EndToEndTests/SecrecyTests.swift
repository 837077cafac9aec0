import Cryptography
import Foundation
import KeyDistribution
import SecretMemory
import Testing

extension EndToEnd {
  /// Where passphrases must not be found, and what others must not read.
  @Suite struct SecrecyTests {}
}

extension EndToEnd.SecrecyTests {
  @Test("A passphrase is in no argument, environment, output, log or file")
  func noPassphrase() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      let receiver = try await stage.listening(bob, at: kdc, ["-o", stage.folder.path("out")])
      let sender = try stage.sender(alice, at: kdc, to: "bob", "-", input: .pipe)
      try await receiver.said("alice")
      for program in [kdc.program, receiver, sender] {
        // A process that may not be dumped may not be looked into either, but by root.
        for file in ["cmdline", "environ"] {
          let path = "/proc/\(program.processID)/\(file)"
          guard let bytes = FileManager.default.contents(atPath: path) else {
            #expect(geteuid() != 0 && file == "environ")
            continue
          }
          expectNoSecret(Array(bytes), of: [alice, bob], path)
        }
      }
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      for program in [kdc.program, receiver, sender] {
        expectNoSecret(program.output.bytes, of: [alice, bob], "standard output")
        expectNoSecret(program.errors.bytes, of: [alice, bob], "standard error")
      }
      for path in stage.folder.allFiles where !path.hasSuffix(".passphrase") {
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        expectNoSecret(Array(bytes), of: [alice, bob], path)
      }
    }
  }

  @Test("A machine's key, and every digest, is in no argument, environment, output, log or file")
  func noKey() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let backup = Machine("backup", on: stage)
      let keygen = try backup.keygen(at: kdc)
      try await keygen.expectExit(0)
      let copy = stage.folder.path("copy")
      let receiver = try backup.receiver(at: kdc, ["-o", stage.folder.path("out"), "-s", copy])
      try await receiver.said("listening on port")
      let sender = try stage.sender(alice, at: kdc, to: "backup", "-", input: .pipe)
      try await receiver.said("alice")
      let secrets = try secrets(of: backup, at: kdc) + secrets(of: alice, at: kdc)
      #expect(secrets.count == 6)
      for program in [kdc.program, receiver, sender] {
        for file in ["cmdline", "environ"] {
          let path = "/proc/\(program.processID)/\(file)"
          guard let bytes = FileManager.default.contents(atPath: path) else {
            #expect(geteuid() != 0 && file == "environ")
            continue
          }
          expectNone(of: secrets, in: bytes, path)
        }
      }
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      let login = try stage.start(
        .client,
        ["login", "--key-file", backup.keyFile, "-a", "127.0.0.1", "-p", "\(kdc.port)"],
        home: backup.home)
      try await login.expectExit(0)
      for program in [kdc.program, keygen, receiver, sender, login] {
        expectNone(of: secrets, in: Data(program.output.bytes), "standard output")
        expectNone(of: secrets, in: Data(program.errors.bytes), "standard error")
      }
      for path in stage.folder.allFiles where path != backup.keyFile {
        expectNone(of: secrets, in: FileManager.default.contents(atPath: path) ?? Data(), path)
      }
    }
  }

  private struct Secret {
    let name: String
    let bytes: [UInt8]

    /// In every form that a program might write it in.
    var forms: [Data] {
      let hexadecimal = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      let base64 = Data(bytes).base64EncodedString().prefix { $0 != "=" }
      return [Data(bytes), Data(hexadecimal.utf8), Data(hexadecimal.uppercased().utf8)]
        + [Data(base64.utf8)]
    }
  }

  private func secrets(of machine: Machine, at kdc: RunningKDC) throws -> [Secret] {
    let key = try machine.key()
    let file = key.file()
    let derived = key.secret(salt: try salt(of: machine.name, at: kdc))
    return [
      Secret(name: "the key", bytes: [UInt8](file.bytes.extracting(115..<147))),
      Secret(name: "the identity seed", bytes: [UInt8](key.identitySeed.bytes)),
      Secret(name: "the machine's digest", bytes: [UInt8](derived.digest.bytes)),
      Secret(name: "the machine's device key", bytes: [UInt8](derived.deviceKey.bytes)),
    ]
  }

  private func secrets(of user: User, at kdc: RunningKDC) throws -> [Secret] {
    let derived = try AccountSecret(
      passphrase: SecretBytes(copying: [UInt8](user.passphrase.utf8).bytes),
      parameters: .passphrase, salt: try salt(of: user.name, at: kdc))
    return [
      Secret(name: "a digest", bytes: [UInt8](derived.digest.bytes)),
      Secret(name: "a device key", bytes: [UInt8](derived.deviceKey.bytes)),
    ]
  }

  private func salt(of name: String, at kdc: RunningKDC) throws -> [UInt8] {
    let lines = (kdc.folder.text(of: "pwd.txt") ?? "").split(separator: "\n")
    let line = try #require(lines.last { $0.hasPrefix("name=\(name) ") })
    let field = try #require(line.split(separator: " ").first { $0.hasPrefix("salt=") })
    return Array(try #require(Data(base64Encoded: String(field.dropFirst(5)))))
  }

  private func expectNone(of secrets: [Secret], in bytes: Data, _ place: String) {
    for secret in secrets {
      let isThere = secret.forms.contains { bytes.firstRange(of: $0) != nil }
      #expect(!isThere, "\(place) has \(secret.name)")
    }
  }

  @Test("What programs keep is for its owner alone")
  func permissionsOfFiles() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      try await stage.expectTransfer(from: alice, to: bob, at: kdc)
      for user in [alice, bob] {
        #expect(try permissions(user.home.path, kind: S_IFDIR) == 0o700)
        #expect(user.home.allFiles.count >= 3)
        for name in FileManager.default.enumerator(atPath: user.home.path) ?? .init() {
          let path = user.home.path("\(name)")
          let isFolder = try permissions(path, kind: S_IFDIR) != nil
          let found = try permissions(path, kind: isFolder ? S_IFDIR : S_IFREG)
          #expect(found == (isFolder ? 0o700 : 0o600), "\(path)")
        }
      }
      for name in kdc.folder.entries where name != "out.txt" {
        #expect(try permissions(kdc.folder.path(name), kind: S_IFREG) == 0o600, "\(name)")
      }
    }
  }

  @Test("Without TRENT_HOME the state is in the XDG state folder", arguments: [true, false])
  func defaultState(isNamed: Bool) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let arguments = Stage.Access(alice, at: kdc).arguments
      let state = isNamed ? stage.folder.path("xdg") : stage.folder.path("nobody/.local/state")
      let sender = try stage.start(
        .client, ["-n", "alice", "-m", "S", "-r", "nobody", "-i", "/dev/null"] + arguments,
        environment: isNamed ? ["XDG_STATE_HOME": state] : [:])
      try await sender.expectExit(6)
      let home = Folder(notYetAt: "\(state)/trent")
      #expect(home.text(of: "known_kdcs")?.contains(kdc.word) == true)
      #expect(try permissions(home.path, kind: S_IFDIR) == 0o700)
    }
  }

  private func expectNoSecret(_ bytes: [UInt8], of users: [User], _ place: String) {
    for user in users {
      let range = Data(bytes).firstRange(of: Data(user.passphrase.utf8))
      #expect(range == nil, "\(place) has the passphrase of \(user.name)")
    }
  }
}
