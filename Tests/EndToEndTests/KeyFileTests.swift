import Cryptography
import Foundation
import SecretMemory
import Testing

extension EndToEnd {
  /// Machines: `client keygen`, and `--key-file` wherever a passphrase may stand.
  @Suite struct KeyFileTests {}
}

extension EndToEnd.KeyFileTests {
  private func client(
    _ stage: Stage, _ arguments: [String], home: Folder, input: Program.Input = .nothing
  ) throws -> Program {
    try stage.start(.client, arguments, home: home, input: input)
  }

  private func place(_ kdc: RunningKDC) -> [String] { ["-a", "127.0.0.1", "-p", "\(kdc.port)"] }

  @Test("A receiver and a sender run on key files: nobody is asked, and nothing is kept elsewhere")
  func unattended() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let source = try await Machine.registered("source", at: kdc, on: stage)
      for size in [0, 5000] {
        // The file says which KDC is meant: a device that has never met it needs nobody's word.
        backup.home.remove()
        let receiver = try backup.receiver(at: kdc, ["-o", stage.folder.path("out")])
        try await receiver.said("listening on port")
        let content = randomBytes(size)
        let file = try stage.folder.put(content, at: "in")
        try await source.sender(at: kdc, to: "backup", file).expectExit(0)
        try await receiver.expectExit(0)
        #expect(stage.folder.bytes(of: "out") == content)
      }
      for machine in [backup, source] {
        #expect(!machine.home.entries.contains("identities"))
        #expect(!machine.home.entries.contains("credentials"))
        #expect(try permissions(machine.keyFile, kind: S_IFREG) == 0o600)
      }
    }
  }

  @Test("To people, and to the KDC's files, a machine is a user like any other")
  func withPeople() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let alice = try stage.user("alice")
      let receiver = try backup.receiver(at: kdc, ["-o", stage.folder.path("out")])
      try await receiver.said("listening on port")
      let file = try stage.folder.put([4, 5], at: "in")
      try await stage.sender(alice, at: kdc, to: "backup", file).expectExit(0)
      try await receiver.expectExit(0)
      let lines = (kdc.folder.text(of: "pwd.txt") ?? "").split(separator: "\n")
      let fields = lines.filter { $0.hasPrefix("name=") }.map { line in
        line.split(separator: " ").map { $0.prefix { $0 != "=" } }
      }
      #expect(fields.count == 2 && fields[0] == fields[1])
      #expect(lines.filter { $0.contains("argon2id=t3,m65536,p4") }.count == 2)
    }
  }

  @Test("A receiver whose login the KDC does not accept any more logs in again by itself")
  func loginEnds() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let source = try await Machine.registered("source", at: kdc, on: stage)
      // Nothing answers datagrams here: the receiver tries for a while before it goes by TCP.
      let streams = try StreamForwarder(to: kdc.port)
      let swallower = try ServerSocket(streams.port, isDatagram: true)
      let receiver = try backup.receiver(
        at: kdc, port: streams.port, ["-o", stage.folder.path("out"), "--verbose"])
      try await eventually("the receiver's first datagram") {
        swallower.hasInput ? () : nil
      }
      receiver.signal(SIGSTOP)
      try #require(streams.connectionCount == 1)
      try await kdc.stop()
      try replaceRatchet(in: kdc.folder)
      let again = try await stage.kdc(port: kdc.port)
      receiver.signal(SIGCONT)
      try await receiver.said("logged in again as backup")
      try await receiver.said("listening on port")
      let file = try stage.folder.put([1, 2, 3], at: "in")
      try await source.sender(at: again, to: "backup", file).expectExit(0)
      try await receiver.expectExit(0)
      #expect(stage.folder.bytes(of: "out") == [1, 2, 3])
    }
  }

  /// Gives a KDC that is down another ratchet, so that no ticket-granting ticket opens any more.
  private func replaceRatchet(in folder: Folder) throws {
    var bytes = try #require(folder.bytes(of: "kdc.key"))
    try #require(bytes.count == 185)
    bytes.replaceSubrange(121..<153, with: randomBytes(32))
    bytes.replaceSubrange(153..., with: SHA256.hash([UInt8](bytes[..<153]).bytes))
    try folder.put(bytes, at: "kdc.key", mode: 0o600)
  }

  @Test("A login made with a key file is kept: the file is not needed while it lasts")
  func keptLogin() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let login = ["login", "--key-file", backup.keyFile] + place(kdc)
      try await client(stage, login, home: backup.home).expectExit(0)
      try FileManager.default.removeItem(atPath: backup.keyFile)
      let send = ["-m", "S", "-r", "nobody", "-i", "/dev/null"] + place(kdc)
      try await client(stage, ["-n", "backup"] + send, home: backup.home).expectExit(6)
      // Who names a key file means to sign in with it.
      let named = try client(stage, ["--key-file", backup.keyFile] + send, home: backup.home)
      try await named.expectExit(9)
    }
  }

  @Test("An encrypted copy under a key file opens with that file alone, on any machine")
  func sealedCopy() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let source = try await Machine.registered("source", at: kdc, on: stage)
      let copy = stage.folder.path("copy")
      let receiver = try backup.receiver(at: kdc, ["-s", copy, "-o", "/dev/null"])
      try await receiver.said("listening on port")
      let content = randomBytes(300_000)
      let file = try stage.folder.put(content, at: "in")
      try await source.sender(at: kdc, to: "backup", file).expectExit(0)
      try await receiver.expectExit(0)

      let elsewhere = Folder(notYetAt: stage.folder.path("elsewhere"))
      let open = ["open", "-i", copy, "-o", stage.folder.path("opened")]
      let passphrase = try stage.user("backup").passphraseFile
      for (options, status) in [
        (["--key-file", source.keyFile], Int32(5)), (["--key-file", copy], 9),
        (["-n", "backup", "--passphrase-file", passphrase], 64),
        (["-n", "source", "--key-file", backup.keyFile], 64),
      ] {
        try await client(stage, open + options, home: elsewhere).expectExit(status)
        #expect(stage.folder.bytes(of: "opened") == nil)
      }
      let opened = try client(stage, open + ["--key-file", backup.keyFile], home: elsewhere)
      try await opened.expectExit(0)
      #expect(stage.folder.bytes(of: "opened") == content)
      #expect(elsewhere.entries.isEmpty)
    }
  }

  @Test("A copy under a passphrase says so to who comes with a key file")
  func copyOfAPerson() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let alice = try stage.user("alice")
      let source = try await Machine.registered("source", at: kdc, on: stage)
      let copy = stage.folder.path("copy")
      let receiver = try await stage.listening(alice, at: kdc, ["-s", copy, "-o", "/dev/null"])
      let file = try stage.folder.put([1], at: "in")
      try await source.sender(at: kdc, to: "alice", file).expectExit(0)
      try await receiver.expectExit(0)
      let kdc2 = try await stage.kdc(folder: "second")
      let other = try await Machine.registered("alice", at: kdc2, on: stage)
      let open = ["open", "-i", copy, "-o", stage.folder.path("opened")]
      let opened = try client(stage, open + ["--key-file", other.keyFile], home: other.home)
      try await opened.expectExit(64)
      #expect(opened.errors.text.contains("passphrase"))
    }
  }

  @Test("The identity is the file's: shown, and not exported but copied with the file")
  func identity() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = Machine("backup", on: stage)
      let keygen = try backup.keygen(at: kdc)
      try await keygen.expectExit(0)
      let show = ["identity", "show", "--key-file", backup.keyFile]
      let shown = try client(stage, show, home: Folder(notYetAt: stage.folder.path("elsewhere")))
      try await shown.expectExit(0)
      let fingerprint = shown.output.text.trimmingCharacters(in: .newlines)
      #expect(fingerprint.count == 29)
      #expect(keygen.errors.text.contains(fingerprint))
      for words in [["export", "-o"], ["import", "-i"]] {
        let refused = try client(
          stage,
          ["identity", words[0], "-n", "backup", words[1], stage.folder.path("x")]
            + ["--key-file", backup.keyFile], home: backup.home)
        try await refused.expectExit(64)
        #expect(refused.errors.text.contains("copy the file"))
      }
    }
  }

  @Test("A key file of another name or KDC, one that others may read, one that is damaged")
  func wrongFiles() async throws {
    try await Stage.with { stage in
      let (kdc, other) = (try await stage.kdc(), try await stage.kdc(folder: "other"))
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let send = ["-m", "S", "-r", "nobody", "-i", "/dev/null", "--key-file", backup.keyFile]
      let renamed = try client(stage, send + ["-n", "other"] + place(kdc), home: backup.home)
      try await renamed.expectExit(64)
      #expect(renamed.errors.text.contains("is the key file of backup, not of other"))

      let moved = try client(stage, send + place(other), home: backup.home)
      try await moved.expectExit(4)
      #expect(moved.errors.text.contains(backup.keyFile))
      let named = try client(
        stage, send + place(other) + ["--kdc-key", other.word], home: backup.home)
      try await named.expectExit(4)
      #expect(named.errors.text.contains("is for another KDC"))
      #expect(!other.log.contains("backup"))

      #expect(unsafe chmod(backup.keyFile, 0o644) == 0)
      let open = try client(stage, send + place(kdc), home: backup.home)
      try await open.expectExit(6)
      #expect(open.errors.text.components(separatedBy: "chmod 600").count == 2)

      var bytes = try #require(stage.folder.bytes(of: "backup.key"))
      bytes[130] ^= 1
      try stage.folder.put(bytes, at: "backup.key", mode: 0o600)
      let damaged = try client(stage, send + place(kdc), home: backup.home)
      try await damaged.expectExit(9)
      #expect(damaged.errors.text.contains("damaged"))
    }
  }
}
