import ArgumentParser
import Testing
import TrentClient
import Wire

@testable import client

/// What people type, in every form that must keep working.
@Suite struct CommandLineTests {
  private static let receive = ["-n", "bob", "-m", "R", "-o", "out", "-a", "kdc", "-p", "7000"]
  private static let send = [
    "-n", "alice", "-m", "S", "-r", "bob", "-i", "in.txt", "-a", "kdc", "-p", "7000",
  ]

  private func options(of words: [String]) throws -> TransferCommand {
    try TransferCommand.parse(words)
  }

  @Test func theClassicFormsAreRead() throws {
    let receiver = try options(of: Self.receive)
    #expect(receiver.mode == .receive)
    #expect(receiver.name?.description == "bob")
    var kdc = try receiver.center.kdcOptions()
    let receiving = receiver.receiving.options(
      kdc, try receiver.identification.signInOptions(receiver.name, at: &kdc))
    #expect(receiving.output == .file("out"))
    #expect(receiving.port == 60000)
    #expect(kdc.target.description == "kdc:7000")

    let sender = try options(of: Self.send)
    let sending = try #require(
      sender.sending.options(
        kdc, try sender.identification.signInOptions(sender.name, at: &kdc)))
    #expect(sending.receiver.description == "bob")
    #expect(sending.input == .file("in.txt"))
    #expect(sending.signIn.secret == .passphrase(.person))
  }

  @Test func shortOptionsMayBeJoined() throws {
    let words = ["-nbob", "-mR", "-oout", "-akdc", "-p7000", "-l0"]
    let receiver = try options(of: words)
    #expect(receiver.center.port == 7000)
    #expect(receiver.center.host == "kdc")
    #expect(receiver.receiving.listen == 0)
    #expect(receiver.receiving.output == "out")
    #expect(receiver.mode == .receive)
  }

  @Test func everyShortOptionHasALongName() throws {
    let sender = try options(of: [
      "--name", "alice", "--mode", "S", "--receiver", "bob", "--input", "-", "--kdc", "::1",
      "--port", "7000",
    ])
    #expect(sender.sending.input == "-")
    #expect(try sender.center.kdcOptions().target.description == "[::1]:7000")
    let receiver = try options(of: [
      "--name", "bob", "--mode", "R", "--output", "-", "--kdc", "kdc", "--port", "7000", "--listen",
      "1", "--announce", "203.0.113.5", "--announce", "nat.example.org:7001",
    ])
    #expect(
      receiver.receiving.announce.map(\.description) == ["203.0.113.5:0", "nat.example.org:7001"])
  }

  static let wrong: [[String]] = [
    [],
    ["-n", "alice", "-m", "X", "-a", "kdc", "-p", "7000"],
    ["-n", "alice", "-m", "S", "-a", "kdc", "-p", "7000"],
    ["-n", "alice", "-m", "S", "-r", "bob", "-a", "kdc", "-p", "7000"],
    ["-n", "alice", "-m", "S", "-i", "in", "-a", "kdc", "-p", "7000"],
    ["-n", "bob", "-m", "S", "-r", "bob", "-i", "in", "-a", "kdc", "-p", "7000"],
    receive + ["-r", "alice"],
    receive + ["-i", "in"],
    send + ["-o", "out"],
    send + ["-l", "1"],
    send + ["--announce", "host"],
    send + ["--kdc-key", "trent1x"],
    ["-n", "alice", "-m", "S", "-r", "bob", "-i", "-", "--passphrase-file", "-", "-akdc", "-p1"],
    ["-n", "Alice", "-m", "R", "-o", "out", "-a", "kdc", "-p", "7000"],
    ["-n", "bob", "-m", "R", "-o", "out", "-a", "kdc", "-p", "0"],
    ["-n", "bob", "-m", "R", "-o", "out", "-a", "kdc", "-p", "65536"],
    ["-n", "bob", "-m", "R", "-o", "out", "-a", "two words", "-p", "1"],
  ]

  @Test(arguments: wrong)
  func everythingElseIsWrongUsage(_ words: [String]) {
    do {
      _ = try TransferCommand.parse(words)
      Issue.record("accepted")
    } catch {
      #expect(TransferCommand.exitCode(for: error).rawValue == ExitStatus.usage.rawValue)
    }
  }

  @Test func helpListsEveryExitStatus() {
    let help = TransferCommand.helpMessage()
    for line in ExitStatus.table.split(separator: "\n") { #expect(help.contains(line)) }
  }

  @Test(arguments: [
    ("10h", 36_000), ("30m", 1800), ("3600s", 3600), ("2m", 120), ("168h", 604_800),
  ])
  func lifetimesAreRead(text: String, seconds: UInt64) throws {
    let words = ["-n", "alice", "-a", "kdc", "-p", "7000", "--lifetime", text]
    #expect(try LoginCommand.parse(words).lifetime == .seconds(seconds))
  }

  @Test(arguments: ["", "h", "10", "10d", "-1h", "+1h", "1.5h", "1m", "169h", "99999999999h"])
  func otherLifetimesAreRefused(text: String) {
    let words = ["-n", "alice", "-a", "kdc", "-p", "7000", "--lifetime", text]
    #expect(throws: (any Error).self) { _ = try LoginCommand.parse(words) }
  }

  @Test func aKeyFileMayStandForTheName() throws {
    let sender = try options(of: [
      "--key-file", "key", "-m", "S", "-r", "bob", "-i", "in", "-a", "kdc", "-p", "1",
    ])
    #expect(sender.name == nil)
    #expect(sender.identification.secret.source == .keyFile("key"))
    let open = try OpenCommand.parse(["--key-file", "key", "-i", "in", "-o", "out"])
    #expect(open.secret.source == .keyFile("key"))
    #expect(throws: (any Error).self) {
      try options(of: ["-m", "S", "-r", "bob", "-i", "in", "-a", "kdc", "-p", "1"])
    }
    #expect(throws: (any Error).self) {
      try options(of: Self.send + ["--key-file", "key", "--passphrase-file", "file"])
    }
    #expect(throws: (any Error).self) { try options(of: Self.send + ["--key-file", ""]) }
  }
}
