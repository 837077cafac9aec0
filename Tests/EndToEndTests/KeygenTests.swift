import Cryptography
import Foundation
import KeyDistribution
import SecretMemory
import Testing
import Wire

extension EndToEnd {
  /// `client keygen`: made once, never overwritten, and begun again wherever it was interrupted.
  @Suite struct KeygenTests {}
}

extension EndToEnd.KeygenTests {
  private func count(_ text: String, in log: String) -> Int {
    log.components(separatedBy: text).count - 1
  }

  @Test("Run again it changes nothing; another name's file, and any other, is left alone")
  func again() async throws {
    try await Stage.with { stage in
      let (kdc, other) = (try await stage.kdc(), try await stage.kdc(folder: "other"))
      let backup = try await Machine.registered("backup", at: kdc, on: stage)
      let file = try #require(stage.folder.bytes(of: "backup.key"))
      let again = try backup.keygen(at: kdc)
      try await again.expectExit(0)
      #expect(again.errors.text.contains("is the key file of backup, fingerprint"))
      #expect(count(" registered name=backup ", in: kdc.log) == 1)

      var arguments = backup.keygenArguments(port: kdc.port, word: kdc.word)
      arguments[2] = "other"
      let renamed = try stage.start(.client, arguments, home: backup.home)
      try await renamed.expectExit(64)
      #expect(renamed.errors.text.contains("is the key file of backup, not of other"))
      try await backup.keygen(at: other).expectExit(4)
      #expect(stage.folder.bytes(of: "backup.key") == file)
      #expect(!other.log.contains("backup"))

      let diary = Machine("diary", on: stage)
      try stage.folder.put(Array("dear diary\n".utf8), at: "diary.key")
      try await diary.keygen(at: kdc).expectExit(9)
      #expect(stage.folder.text(of: "diary.key") == "dear diary\n")
      #expect(!kdc.log.contains("diary"))
    }
  }

  @Test("A name that is taken: told, and no key file is left that is of no use")
  func nameTaken() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let first = try await Machine.registered("backup", at: kdc, on: stage)
      let file = try #require(stage.folder.bytes(of: "backup.key"))
      try FileManager.default.moveItem(
        atPath: first.keyFile, toPath: stage.folder.path("kept.key"))
      let second = try first.keygen(at: kdc)
      try await second.expectExit(5)
      #expect(second.errors.text.contains("backup is taken"))
      #expect(stage.folder.bytes(of: "backup.key") == nil)
      #expect(stage.folder.bytes(of: "kept.key") == file)
      #expect(stage.folder.entries.allSatisfy { !$0.contains("partial") })
      // One that was there before is kept: it may be another KDC's word for the same.
      try FileManager.default.moveItem(
        atPath: stage.folder.path("kept.key"), toPath: first.keyFile)
      try await first.keygen(at: kdc).expectExit(0)
    }
  }

  @Test("A KDC that is not there, or a folder: told, and nothing is begun")
  func nothingBegun() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = Machine("backup", on: stage)
      var arguments = backup.keygenArguments(port: kdc.port, word: kdc.word)
      arguments[4] = stage.folder.path("none/backup.key")
      try await stage.start(.client, arguments, home: backup.home).expectExit(9)
      try await kdc.stop()
      try await backup.keygen(at: kdc).expectExit(3)
      #expect(stage.folder.bytes(of: "backup.key") == nil)
      #expect(!kdc.log.contains("backup"))
    }
  }

  @Test("A key file whose key the KDC does not know signs nobody in, and asks nobody")
  func unregistered() async throws {
    try await Stage.with { stage in
      let (kdc, backup) = (try await stage.kdc(), Machine("backup", on: stage))
      let realm = try #require(Realm(word: kdc.word))
      let name = try #require(PrincipalName("backup"))
      var random = SystemRandom()
      let key = PrincipalKey(name: name, realm: realm, random: &random).file()
      let bytes = [UInt8](key.bytes)
      try stage.folder.put(bytes, at: "backup.key", mode: 0o600)
      let receiver = try stage.start(
        .client,
        ["-m", "R", "-o", "/dev/null", "-l", "0", "--key-file", backup.keyFile]
          + ["-a", "127.0.0.1", "-p", "\(kdc.port)"], home: backup.home, input: .terminal)
      try await receiver.expectExit(5)
      #expect(receiver.errors.text.contains("client keygen"))
      #expect(!receiver.errors.text.contains("?"))
      try await backup.keygen(at: kdc).expectExit(0)
      #expect(stage.folder.bytes(of: "backup.key") == bytes)
    }
  }

  /// Where a keygen is killed: at the entry of its `number`-th call of that name.
  struct Point: Sendable, CustomTestStringConvertible {
    let call: String
    let number: Int
    var isOnFile = false
    var testDescription: String { "\(call) \(number)" }

    static let all: [Point] =
      [
        Point(call: "linkat", number: 1, isOnFile: true),
        Point(call: "fsync", number: 1, isOnFile: true),
        // The file has its name; nothing of it has left.
        Point(call: "fsync", number: 2, isOnFile: true),
      ]
      // The last two: the registration, and the login after it.
      + (2...5).map { Point(call: "sendto", number: $0) }
      + (6...10).map { Point(call: "recvfrom", number: $0) }
  }

  @Test("Killed anywhere, it is simply run again", arguments: Point.all)
  func killed(point: Point) async throws {
    guard try await Strace.isUsable() else { return }
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let backup = Machine("backup", on: stage)
      let command =
        ["/usr/bin/env", "TRENT_HOME=\(backup.home.path)"]
        + Strace.command(
          tracing: point.call, on: point.isOnFile ? [stage.folder.path] : [],
          injecting: ["\(point.call):signal=SIGKILL:when=\(point.number)"])
        + [ProgramFile.client.path]
        + backup.keygenArguments(port: kdc.port, word: kdc.word)
      let victim = try TracedProgram(command)
      #expect(try await victim.end() == 128 + SIGKILL, "\(victim.errors.text)")
      let left = stage.folder.bytes(of: "backup.key")
      #expect(stage.folder.entries.allSatisfy { !$0.contains("partial") })
      if point.isOnFile { #expect(!kdc.log.contains("backup")) }
      if point.call == "fsync", point.number == 2 {
        #expect(left?.count == 211)
        #expect(try permissions(backup.keyFile, kind: S_IFREG) == 0o600)
      }
      // Whoever the KDC knows has the key.
      if kdc.log.contains(" registered name=backup ") { #expect(left != nil) }
      try await backup.keygen(at: kdc).expectExit(0)
      #expect(left == nil || stage.folder.bytes(of: "backup.key") == left)
      // Lines come a few milliseconds after what they tell.
      try await kdc.logged(" logged-in name=backup ")
      #expect(count(" registered name=backup ", in: kdc.log) == 1)
    }
  }

  @Test(
    "Wrong usage of key files ends with 64",
    arguments: [
      ["keygen"], ["keygen", "-n", "backup"], ["keygen", "-n", "backup", "--key-file", ""],
      ["keygen", "--key-file", "key"],
      ["keygen", "-n", "backup", "--key-file", "key", "--register"],
      ["keygen", "-n", "Backup", "--key-file", "key"],
      ["login"], ["login", "-n", "a", "--key-file", "key", "--passphrase-file", "file"],
      ["-m", "R"], ["-m", "R", "--key-file", ""],
      ["-n", "a", "-m", "R", "--key-file", "key", "--passphrase-file", "file"],
    ])
  func usage(arguments: [String]) async throws {
    try await Stage.with { stage in
      let home = Folder(notYetAt: stage.folder.path("home"))
      let client = try stage.start(
        .client, arguments + ["-a", "127.0.0.1", "-p", "7000"], home: home)
      try await client.expectExit(64)
      #expect(stage.folder.entries == [])
    }
  }

  @Test(
    "Help tells of key files", arguments: [["--help"], ["keygen", "--help"], ["open", "--help"]])
  func help(arguments: [String]) async throws {
    try await Stage.with { stage in
      let client = try stage.start(.client, arguments)
      try await client.expectExit(0)
      #expect(client.output.text.contains("--key-file"))
      #expect(client.output.text.contains("keygen"))
    }
  }
}
