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
  /// Secrets of everybody in a realm in which everything has been done once, and what was run.
  private struct Realm {
    let stage: Stage
    let kdc: RunningKDC
    let alice: User
    let bob: User
    private(set) var programs: [Program]
    private(set) var search = SecretSearch()
    /// Made while the programs ran.
    private(set) var findings: [SecretSearch.Finding] = []

    init(_ stage: Stage) async throws {
      self.stage = stage
      kdc = try await stage.kdc()
      (alice, bob) = (try stage.user("alice"), try stage.user("bob"))
      programs = [kdc.program]
    }

    /// A client that is to end well.
    mutating func run(
      _ user: User, _ arguments: [String], _ file: Bool = true, export: Bool = false
    ) async throws {
      let own = file ? ["--passphrase-file", user.passphraseFile] : []
      let exported =
        export ? ["--export-passphrase-file", stage.folder.path("export.passphrase")] : []
      let program = try stage.start(.client, arguments + own + exported, home: user.home)
      programs.append(program)
      try await program.expectExit(0)
    }

    /// Registers both, one of them at a terminal.
    mutating func meet() async throws {
      let access = Stage.Access(alice, at: kdc)
      try await stage.expectTransfer(from: bob, to: alice, at: kdc)
      try search.add(alice, of: kdc)
      try search.add(bob, of: kdc)
      try search.add(kdc)
      let place = ["-a", access.host, "-p", "\(access.port)"]
      let login = try stage.start(
        .client, ["login", "-n", "alice"] + place, home: alice.home, input: .terminal)
      try await login.shown("passphrase of alice:")
      findings += try search.findings(inProcess: login)
      login.type(alice.passphrase)
      try await login.expectExit(0)
      programs.append(login)
    }

    /// A transfer on the kept login, looked into while it goes on.
    mutating func transfer() async throws {
      let receiver = try await stage.listening(
        bob, at: kdc,
        ["--verbose", "-o", stage.folder.path("out"), "-s", stage.folder.path("copy")])
      let sender = try stage.sender(
        alice, Stage.Access(port: kdc.port, ["--verbose"]), to: "bob", "-", input: .pipe)
      try await receiver.said("alice")
      for program in [kdc.program, receiver, sender] {
        findings += try search.findings(inProcess: program)
      }
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)
      programs += [receiver, sender]
    }

    /// The commands that need no KDC.
    mutating func look() async throws {
      try stage.folder.put(Array("on its way\n".utf8), at: "export.passphrase", mode: 0o600)
      let copy = ["-i", stage.folder.path("copy"), "-o", stage.folder.path("opened")]
      try await run(bob, ["open", "-n", "bob"] + copy)
      try await run(alice, ["identity", "show", "-n", "alice"])
      let file = stage.folder.path("alice.identity")
      try await run(alice, ["identity", "export", "-n", "alice", "-o", file], export: true)
      try await run(alice, ["identity", "import", "-n", "alice", "-i", file], export: true)
      for words in [["peers"], ["identity"], ["status"]] { try await run(alice, words, false) }
    }

    /// Of everything but the files that passphrases are kept in, and those that `allowed` names.
    mutating func leaks(allowed: [String: String]) throws -> [SecretSearch.Finding] {
      let inFiles = try search.findings(inFilesOf: stage.folder).filter {
        !$0.place.hasSuffix(".passphrase")
      }
      let all = findings + programs.flatMap(search.findings(inOutputOf:)) + inFiles
      return all.filter { allowed[$0.secret] != $0.place }
    }

    /// What a kept login and `kdc.key` hold on purpose, by the file that may hold it.
    mutating func placesOnPurpose() throws -> [String: String] {
      let path = try search.add(keptLoginOf: alice)
      var places: [String: String] = [:]
      for key in ["request", "ticket", "login", "deposit storage"] {
        places["\(key) key of alice"] = path
      }
      for key in ["identity seed", "storage key", "salt key", "ratchet key"] {
        places["\(key) of the KDC"] = kdc.folder.path("kdc.key")
      }
      return places
    }
  }

  @Test(
    "No passphrase, digest or key is in an argument, environment, output, log or file but where it belongs"
  )
  func noPassphrase() async throws {
    try await Stage.with { stage in
      var realm = try await Realm(stage)
      try await realm.meet()
      // Those of the kept login are known from here on, and looked for in what follows.
      let allowed = try realm.placesOnPurpose()
      try await realm.transfer()
      try await realm.look()
      #expect(try realm.leaks(allowed: allowed) == [])
      // They are where they belong: the search looks for the right bytes, and finds them.
      let leaks = try Set(realm.leaks(allowed: [:]))
      #expect(leaks == Set(allowed.map { SecretSearch.Finding(secret: $0, place: $1) }))
      for user in [realm.alice, realm.bob] {
        let known = realm.search.secrets.filter { $0.name.hasSuffix(" of \(user.name)") }
        #expect(known.count >= 7)
      }
    }
  }

  @Test("The search finds what is planted, in every form and place")
  func plantedSecrets() async throws {
    try await Stage.with { stage in
      var search = SecretSearch()
      let secret = randomBytes(32)
      search.add("secret", secret)
      let forms = search.secrets[0].forms
      #expect(forms.count >= 8)
      for form in forms {
        let found = search.findings(in: [1, 2] + form.bytes + [3], "a place")
        #expect(found.map(\.place) == ["a place"], "\(form.name)")
        // A letter less is another matter.
        let less = search.findings(in: Array(form.bytes.dropLast(2)), "a place")
        #expect(less.isEmpty)
      }
      for offset in 0..<3 {
        let text = Data([UInt8](repeating: 7, count: offset) + secret + [9]).base64EncodedString()
        let found = search.findings(in: Array(text.utf8), "a place")
        #expect(!found.isEmpty, "\(offset)")
      }

      let word = secret.map { String(format: "%02x", $0) }.joined()
      let home = try stage.folder.folder("home")
      let path = try home.put(Array("x \(word)\n".utf8), at: "known_peers", mode: 0o600)
      #expect(try search.findings(inFilesOf: stage.folder).map(\.place) == [path])

      // A real program that is told the secret, and says it again.
      let file = try stage.folder.put([120], at: "passphrase", mode: 0o600)
      let program = try stage.start(
        .client,
        ["open", "-n", "alice", "-i", "/missing/\(word)", "-o", "x", "--passphrase-file", file],
        home: home)
      try await program.expectExit(9)
      #expect(search.findings(inOutputOf: program).map(\.place) == ["standard error"])
      // One that waits: for a KDC that says nothing.
      let silent = try ServerSocket()
      let waiting = try stage.start(
        .client, ["login", "-n", word, "-a", "127.0.0.1", "-p", "\(silent.port)"], home: home,
        environment: ["TRENT_PLANTED": word], input: .terminal)
      let expected: Set = geteuid() == 0 ? ["cmdline", "environ"] : ["cmdline"]
      // A program that has only just begun has no arguments yet.
      try await eventually("a running program with what was planted") {
        let places = try search.findings(inProcess: waiting).map(\.place)
        return expected.isSubset(of: places) ? () : nil
      }
      #expect(waiting.exitStatus == nil)
    }
  }

  @Test("Secrets lie in memory that is locked, as far as the limit allows")
  func lockedMemory() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let receiver = try await stage.listening(try stage.user("bob"), at: kdc)
      for program in [kdc.program, receiver] {
        let status = try String(
          contentsOfFile: "/proc/\(program.processID)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmLck:") })
        let locked = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
        #expect(locked == min(1024, Self.lockableKiB))
      }
    }
  }

  /// What these programs may lock, rounded down to a power of two.
  private static var lockableKiB: Int {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
    guard geteuid() != 0, limit.rlim_cur < 1 << 20 else { return 1024 }
    let kibibytes = Int(limit.rlim_cur >> 10)
    return kibibytes < 16 ? 0 : 1 << (Int.bitWidth - 1 - kibibytes.leadingZeroBitCount)
  }

  @Test("Neither program may leave a core dump")
  func noCoreDump() async throws {
    try await Stage.with { stage in
      // So that it is the program that says no.
      var own = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &own)
      own.rlim_cur = own.rlim_max
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &own)
      if own.rlim_max == 0 { print("No program can leave a core dump here, whatever it does.") }
      let kdc = try await stage.kdc()
      let receiver = try await stage.listening(try stage.user("bob"), at: kdc)
      for program in [kdc.program, receiver] {
        let limits = try String(
          contentsOfFile: "/proc/\(program.processID)/limits", encoding: .utf8)
        let line = try #require(
          limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        let columns = line.split(separator: " ").map(String.init)
        #expect(Array(columns[4...5]) == ["0", "0"])
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
        let kind = name.hasSuffix(".sock") ? S_IFSOCK : S_IFREG
        #expect(try permissions(kdc.folder.path(name), kind: kind) == 0o600, "\(name)")
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
}
