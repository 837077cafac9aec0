import ArgumentParser
import KeyDistribution
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

  private func user(
    _ options: UserOptions, _ variables: [String: String] = [:]
  ) throws -> UserOptions.User {
    try options.user(
      ClientSettings(variables: variables), StateFolder(path: "/nowhere"),
      Terminal(explains: false))
  }

  @Test func theClassicFormsAreRead() throws {
    let receiver = try options(of: Self.receive)
    #expect(receiver.mode == .receive)
    #expect(receiver.user.name?.description == "bob")
    let receiving = try receiver.receiving.options(user(receiver.user), receiver.reporting)
    #expect(receiving.output == .file("out"))
    #expect(receiving.port == 60000)
    #expect(receiving.kdc.target.description == "kdc:7000")

    let sender = try options(of: Self.send)
    let sending = try #require(sender.sending.options(user(sender.user)))
    #expect(sending.receiver.description == "bob")
    #expect(sending.input == .file("in.txt"))
    #expect(sending.signIn.secret == .passphrase(.person))
  }

  private static let settled = [
    "TRENT_NAME": "bob", "TRENT_KDC_HOST": "kdc", "TRENT_KDC_PORT": "7000",
    "TRENT_RECEIVE_FOLDER": "/srv/in", "TRENT_RECEIVE_PORT": "7001", "TRENT_NEW_PEER": "ask",
    "TRENT_RECEIVE_ANNOUNCE": "nat.example.org:7002", "TRENT_PASSPHRASE_FILE": "/srv/passphrase",
    "TRENT_RECEIVE_ACCEPT_FROM": "alice,carol",
  ]

  @Test func whatIsFetchedGoesToOnePlaceOrIsListed() throws {
    for words in [
      ["-d", "in", "-o", "out"], ["-o", "out", "--rename"], ["--list", "-d", "in"],
      ["--list", "-o", "out"], ["-o", "-", "--json"], ["-d", ""], ["--from", "No Name"],
    ] {
      #expect(throws: (any Error).self, "\(words)") { try FetchCommand.parse(words) }
    }
    let command = try FetchCommand.parse(["--from", "post", "--from", "office", "-o", "-"])
    let options = try command.options(user(command.user, Self.settled))
    #expect(options.mailboxes.map(\.description) == ["post", "office"])
    #expect(options.receiving.output == .standardOutput && !options.lists)
    #expect(options.receiving.newPeer == .ask)
    let settled = try FetchCommand.parse(["--list"])
    let listing = try settled.options(user(settled.user, Self.settled))
    #expect(listing.lists && listing.mailboxes.isEmpty)
    #expect(listing.receiving.output == .folder("/srv/in"))
  }

  @Test func whatIsSettledNeedNotBeSaid() throws {
    let user = try user(ReceiveCommand.parse([]).user, Self.settled)
    #expect(user.signIn.name.description == "bob")
    #expect(user.signIn.secret == .passphrase(.file("/srv/passphrase")))
    #expect(user.kdc.target.description == "kdc:7000")
    #expect(user.newPeer == .ask)
    let options = try ReceiveCommand.parse([]).options(user)
    #expect(options.output == .folder("/srv/in"))
    #expect(options.port == 7001)
    #expect(options.announced.map(\.description) == ["nat.example.org:7002"])
    #expect(
      try options.rules.senders
        == .names([#require(PrincipalName("alice")), #require(PrincipalName("carol"))]))
  }

  @Test func optionsWinOverWhatIsSettled() throws {
    let words = [
      "-n", "dave", "-a", "other", "-p", "1", "-d", "here", "-l", "2", "--new-peer", "refuse",
      "--accept-from", "erin",
    ]
    let command = try ReceiveCommand.parse(words)
    var variables = Self.settled
    variables["TRENT_KDC_KEY"] = Self.word
    let user = try user(command.user, variables)
    #expect(user.signIn.name.description == "dave")
    // The settled passphrase is not this user's, and the settled identity not this KDC's.
    #expect(user.signIn.secret == .passphrase(.person))
    #expect(user.kdc.expected == nil)
    #expect(user.kdc.target.description == "other:1")
    #expect(user.newPeer == .refuse)
    let options = try command.options(user)
    #expect(options.output == .folder("here"))
    #expect(options.port == 2)
    #expect(try options.rules.senders == .names([#require(PrincipalName("erin"))]))
    let settled = try self.user(ReceiveCommand.parse([]).user, variables)
    #expect(settled.kdc.expected?.word == Self.word)
  }

  /// A port is of the hosts that have none; a domain needs none at all.
  @Test func aKDCMayBeAtSeveralPlaces() throws {
    for (words, settled, expected) in [
      (["-a", "a,b:2", "-p", "1"], nil, "a:1,b:2"), (["-a", "a:1,[::1]:2"], nil, "a:1,[::1]:2"),
      (["-a", "a,b:2"], "7000", "a:7000,b:2"), (["-a", "example.org"], nil, "example.org"),
      (["-a", "example.org"], "7000", "example.org:7000"), ([], "7000", "kdc:7000"),
      (["-p", "1"], "7000", "kdc:1"),
    ] as [([String], String?, String)] {
      var variables = Self.settled
      variables["TRENT_KDC_PORT"] = settled
      let user = try user(ReceiveCommand.parse(words).user, variables)
      #expect(user.kdc.target.description == expected)
    }
    var variables = Self.settled
    variables["TRENT_KDC_HOST"] = "K1.example.org,k2:2"
    #expect(
      try user(ReceiveCommand.parse([]).user, variables).kdc.target.description
        == "k1.example.org:7000,k2:2")
    variables["TRENT_KDC_PORT"] = nil
    variables["TRENT_KDC_HOST"] = "k1,k2:2"
    let failure = #expect(throws: ClientFailure.self) {
      _ = try user(ReceiveCommand.parse([]).user, variables)
    }
    #expect(failure?.exitCode == ExitStatus.usage.rawValue)
    #expect(failure?.description.contains("-p") == true)
    #expect(throws: (any Error).self) { _ = try ReceiveCommand.parse(["-a", "a,,b", "-p", "1"]) }
  }

  /// Nobody but a receiver, and no classic one.
  @Test func aReceiverTakesDepositsForAsLongAsItIsSaid() throws {
    for (words, settled, expected) in [
      ([], nil, 30), ([], "2d", 2), ([], "0", nil), (["--deposit-lifetime", "32d"], "2d", 32),
      (["--deposit-lifetime", "0"], "2d", nil), (["--deposit-lifetime", "1d"], "0", 1),
    ] as [([String], String?, UInt64?)] {
      var variables = Self.settled
      variables["TRENT_DEPOSIT_LIFETIME"] = settled
      let command = try ReceiveCommand.parse(words)
      let options = try command.options(user(command.user, variables))
      #expect(options.signIn.depositLifetime == expected.map { .days($0) })
    }
    let classic = try self.options(of: Self.receive)
    let received = try classic.receiving.options(user(classic.user), classic.reporting)
    #expect(received.signIn.depositLifetime == nil)
  }

  /// The word of some KDC.
  private static let word = "trent1m3cqv2xeyfqznhse4v6srcblhcrsmdb7p2nyurfzqmrffhp6nw62demg74"

  @Test(arguments: [
    ("TRENT_NAME", "Bob"), ("TRENT_KDC_PORT", "0"), ("TRENT_KDC_PORT", "x"),
    ("TRENT_KDC_HOST", "two words"), ("TRENT_NEW_PEER", "maybe"), ("TRENT_KDC_KEY", "trent1x"),
    ("TRENT_PASSPHRASE_FILE", "relative"), ("TRENT_RECEIVE_PORT", "65536"),
    ("TRENT_DEPOSIT_LIFETIME", "23h"), ("TRENT_DEPOSIT_LIFETIME", "33d"),
    ("TRENT_DEPOSIT_LIFETIME", "30"),
  ])
  func whatIsSettledWronglyIsTold(variable: String, value: String) throws {
    var variables = Self.settled
    variables[variable] = value
    let failure = #expect(throws: ClientFailure.self) {
      let command = try ReceiveCommand.parse([])
      _ = try command.options(user(command.user, variables))
    }
    #expect(failure?.exitCode == ExitStatus.usage.rawValue)
    #expect(failure?.description.contains(variable) == true)
  }

  @Test func whoAndWhereHasToBeKnown() throws {
    let place = ["TRENT_KDC_HOST": "kdc", "TRENT_KDC_PORT": "7000"]
    for variables in [[:], ["TRENT_NAME": "bob"], place] {
      let failure = #expect(throws: ClientFailure.self) {
        _ = try user(ReceiveCommand.parse([]).user, variables)
      }
      #expect(failure?.exitCode == ExitStatus.usage.rawValue)
      #expect(failure?.description.contains("settings.json") == true)
    }
  }

  @Test func shortOptionsMayBeJoined() throws {
    let words = ["-nbob", "-mR", "-oout", "-akdc", "-p7000", "-l0"]
    let receiver = try options(of: words)
    #expect(receiver.user.center.port == 7000)
    #expect(receiver.user.center.host == "kdc")
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
    #expect(try user(sender.user).kdc.target.description == "[::1]:7000")
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
    ("7d", 604_800),
  ])
  func lifetimesAreRead(text: String, seconds: UInt64) throws {
    let words = ["-n", "alice", "-a", "kdc", "-p", "7000", "--lifetime", text]
    #expect(try LoginCommand.parse(words).lifetime == .seconds(seconds))
  }

  @Test(arguments: ["", "h", "10", "8d", "10w", "-1h", "+1h", "1.5h", "1m", "169h", "99999999999h"])
  func otherLifetimesAreRefused(text: String) {
    let words = ["-n", "alice", "-a", "kdc", "-p", "7000", "--lifetime", text]
    #expect(throws: (any Error).self) { _ = try LoginCommand.parse(words) }
  }

  @Test func aChatIsForPeople() throws {
    let words = ["-r", "bob", "-n", "alice", "-a", "kdc", "-p", "7000"]
    #expect(try ChatCommand.parse(words).listen == nil)
    #expect(throws: (any Error).self) { _ = try ChatCommand.parse(words + ["--json"]) }
    let help = ChatCommand.helpMessage()
    #expect(!help.contains("--json") && help.contains("--verbose") && help.contains("--via"))
    let port = help.split(separator: "\n").drop { !$0.contains("--listen") }.prefix(2)
    #expect(port.joined().matches(of: #/\(default:/#).count == 1)
  }

  @Test func aKeyFileMayStandForTheName() throws {
    let sender = try options(of: [
      "--key-file", "key", "-m", "S", "-r", "bob", "-i", "in", "-a", "kdc", "-p", "1",
    ])
    #expect(sender.user.name == nil)
    #expect(sender.user.identification.secret.source == .keyFile("key"))
    let open = try OpenCommand.parse(["--key-file", "key", "-i", "in", "-o", "out"])
    #expect(open.secret.source == .keyFile("key"))
    #expect(throws: (any Error).self) {
      try options(of: Self.send + ["--key-file", "key", "--passphrase-file", "file"])
    }
    #expect(throws: (any Error).self) { try options(of: Self.send + ["--key-file", ""]) }
  }
}
