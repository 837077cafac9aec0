import Foundation
import Glibc
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

extension EndToEnd {
  /// Logins that open deposits, by the real client: `client login`, `receive` and `mailbox`.
  @Suite struct DepositLoginTests {}
}

extension EndToEnd.DepositLoginTests {
  /// A receiver, and a sender who asks what there is to be had.
  private struct Scene {
    let stage: Stage
    let bob: User
    private let alice: Account

    init(_ stage: Stage, at kdc: RunningKDC) throws {
      self.stage = stage
      bob = try stage.user("bob")
      alice = Account(try #require(PrincipalName("alice")))
      #expect(
        try RegisteringClient(Service(kdc.program.output.lines)).register(alice) == .acknowledged)
    }

    /// What a sender is told: nothing, or a ticket for a deposit.
    enum Told: Equatable {
      case nothing
      case ticket(mailbox: String?)
    }

    func told(at kdc: RunningKDC) throws -> Told {
      let client = try RegisteringClient(Service(kdc.program.output.lines))
      let bob = try #require(PrincipalName("bob"))
      do {
        let mailbox = try client.askForDeposit(client.credential(of: alice), for: bob)
        return .ticket(mailbox: mailbox?.description)
      } catch ExchangeFailure.peerNotPresent {
        return .nothing
      }
    }

    func client(
      _ words: [String], at kdc: RunningKDC, signsIn: Bool = true,
      _ environment: [String: String] = [:]
    ) throws -> Program {
      let access =
        signsIn ? Stage.Access(bob, at: kdc) : Stage.Access(port: kdc.port, [])
      return try stage.start(
        .client, words + ["-n", "bob"] + access.arguments, home: bob.home,
        environment: environment)
    }

    func logIn(at kdc: RunningKDC, _ extra: [String] = []) async throws {
      let login = try client(["login"] + extra, at: kdc)
      try await login.expectExit(0)
      #expect(!login.errors.text.contains("deposits"))
    }

    /// The files with the keys of logins.
    var keyFiles: [String] {
      Folder(notYetAt: bob.home.path("deposits")).allFiles.filter {
        !$0.contains("~") && !$0.hasSuffix("/mailbox")
      }
    }

    /// How long the login keys live that the kept login opens, in milliseconds: all of them.
    func livesOfOpenedKeys() throws -> [UInt64] {
      let file = try bytes(of: keptLogin)
      let login = try CachedCredential.decode(file.bytes)
      switch login.depositStorageKey {
      case .some(let storageKey):
        var lives: [UInt64] = []
        for path in keyFiles {
          #expect(try permissions(path, kind: S_IFREG) == 0o600)
          let file = try bytes(of: path)
          let keys = try DepositKeys(
            opening: file.bytes, under: storageKey, name: login.name, realm: login.realm)
          lives.append(keys.expires.since(keys.signed.issued).milliseconds)
        }
        return lives
      case .none: throw TestProblem("a kept login without its storage key")
      }
    }

    func bytes(of path: String) throws -> [UInt8] {
      Array(try Data(contentsOf: URL(filePath: path)))
    }

    var keptLogin: String {
      get throws {
        let files = Folder(notYetAt: bob.home.path("credentials")).allFiles
        return try #require(files.first { $0.hasSuffix("/bob") })
      }
    }
  }

  @Test("A login takes deposits, its keys sealed on the disk; the kept one opens those of all")
  func login() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      #expect(try scene.told(at: kdc) == .nothing)
      try await scene.logIn(at: kdc)
      try await kdc.logged("deposits-taken", "name=bob")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
      try await scene.logIn(at: kdc, ["--deposit-lifetime", "3d"])
      #expect(scene.keyFiles.count == 2)

      let lives = try scene.livesOfOpenedKeys()
      #expect(lives.sorted() == [3, 30].map { Interval.days($0).milliseconds })

      // A KDC that was killed knows it, and so does the device.
      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      let second = try await stage.kdc()
      #expect(try scene.told(at: second) == .ticket(mailbox: nil))
      #expect(scene.keyFiles.count == 2)
    }
  }

  @Test("A receiver takes deposits unless it is told not to; the classic one and senders never do")
  func whoTakes() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      let classic = try await stage.listening(
        scene.bob, at: kdc, ["-o", stage.folder.path("out")])
      classic.signal(SIGINT)
      _ = try await classic.exit()
      try await scene.client(["send", "-r", "nobody", "/dev/null"], at: kdc).expectExit(6)
      let place = ["-d", stage.folder.path, "-l", "0"]
      let none = try scene.client(
        ["receive"] + place, at: kdc, ["TRENT_DEPOSIT_LIFETIME": "0"])
      try await none.said("listening on port")
      none.signal(SIGINT)
      _ = try await none.exit()
      try await scene.client(["login", "--deposit-lifetime", "0"], at: kdc).expectExit(0)
      #expect(try scene.told(at: kdc) == .nothing)
      #expect(scene.keyFiles == [] && !kdc.log.contains("deposits-taken"))

      let receiver = try scene.client(["receive"] + place, at: kdc)
      try await receiver.said("listening on port")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
      #expect(scene.keyFiles.count == 1)
      receiver.signal(SIGINT)
      _ = try await receiver.exit()
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
    }
  }

  @Test("After passwd nothing is left for the former login; a kept one has a successor that takes")
  func passwd() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      try await scene.logIn(at: kdc)
      let changing = Changing(scene.bob, at: kdc, stage, new: "another")
      try await changing.passwd().expectExit(0, saying: "the login that was kept is replaced")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
      #expect(scene.keyFiles.count == 2)

      try await stage.start(.client, ["logout"], home: scene.bob.home).expectExit(0)
      let back = Changing(scene.bob, at: kdc, stage, new: "a third")
      let present = try stage.folder.put(
        Array("another of many words\n".utf8), at: "present", mode: 0o600)
      try await back.passwd(from: present).expectExit(0)
      #expect(try scene.told(at: kdc) == .nothing)
      try await changing.login(with: back.new).expectExit(0)
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
      #expect(scene.keyFiles.count == 3)
    }
  }

  @Test("Mailboxes are listed; one's own is set, shown, told to senders by each login, and unset")
  func mailbox() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      try await scene.logIn(at: kdc)
      let kept = { (words: [String], kdc: RunningKDC) throws in
        try scene.client(words, at: kdc, signsIn: false)
      }
      let none = try kept(["mailboxes"], kdc)
      try await none.expectExit(0)
      #expect(none.output.text == "")
      try await kept(["mailbox", "show"], kdc).expectExit(1, saying: "No mailbox is set")

      try await kept(["mailbox", "set", "post"], kdc).expectExit(
        0, saying: "no mailbox post is present now")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: "post"))
      let server = try RegisteringClient(Service(kdc.program.output.lines))
      let post = Account(try #require(PrincipalName("post")))
      #expect(server.register(post) == .acknowledged)
      try server.announceMailbox(server.credential(of: post))
      let one = try kept(["mailboxes"], kdc)
      try await one.expectExit(0)
      #expect(one.output.text == "post\n")
      let present = try kept(["mailbox", "set", "post"], kdc)
      try await present.expectExit(0, saying: "the mailbox of bob is post")
      #expect(!present.errors.text.contains("no mailbox"))

      kdc.program.signal(SIGKILL)
      _ = try await kdc.program.exit()
      let second = try await stage.kdc(port: kdc.port)
      #expect(try scene.told(at: second) == .ticket(mailbox: "post"))
      try await scene.logIn(at: second)
      try await second.logged("deposits-taken", "name=bob", "for=post")
      let shown = try kept(["mailbox", "show"], second)
      try await shown.expectExit(0)
      #expect(shown.output.text == "post\n")
      try await kept(["mailbox", "unset"], second).expectExit(0, saying: "bob has no mailbox")
      #expect(try scene.told(at: second) == .ticket(mailbox: nil))
      try await kept(["mailbox", "show"], second).expectExit(1)
    }
  }

  @Test("A mailbox set by a login that takes no deposits makes it none that does")
  func setByOneThatTakesNone() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      try await scene.logIn(at: kdc, ["--deposit-lifetime", "0"])
      try await scene.client(["mailbox", "set", "post"], at: kdc, signsIn: false)
        .expectExit(0, saying: "the mailbox of bob is post: the next login that takes deposits")
      let fresh = try scene.client(["mailbox", "set", "post", "--deposit-lifetime", "0"], at: kdc)
      try await fresh.expectExit(0, saying: "this one takes none")
      #expect(try scene.told(at: kdc) == .nothing)
      #expect(scene.keyFiles == [] && !kdc.log.contains("deposits-taken"))
      try await scene.logIn(at: kdc)
      #expect(try scene.told(at: kdc) == .ticket(mailbox: "post"))
      try await scene.client(["mailbox", "set", "office"], at: kdc)
        .expectExit(0, saying: "the mailbox of bob is office: senders are told so")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: "office"))
    }
  }

  @Test("A mailbox set by a login that another one has succeeded is not told, and that is said")
  func superseded() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      let scene = try Scene(stage, at: kdc)
      try await scene.logIn(at: kdc)
      let former = try scene.bytes(of: scene.keptLogin)
      try await scene.logIn(at: kdc)
      try Data(former).write(to: URL(filePath: scene.keptLogin))
      let set = try scene.client(["mailbox", "set", "post"], at: kdc, signsIn: false)
      try await set.expectExit(1, saying: "another login of bob that came later")
      #expect(try scene.told(at: kdc) == .ticket(mailbox: nil))
      try await scene.logIn(at: kdc)
      #expect(try scene.told(at: kdc) == .ticket(mailbox: "post"))
    }
  }

  @Test(
    "Wrong usage ends with 64",
    arguments: [
      ["login", "--deposit-lifetime", "33d"], ["login", "--deposit-lifetime", "1h"],
      ["receive", "--deposit-lifetime", "-1"], ["mailbox", "set", "Bad Name"], ["mailbox", "set"],
    ])
  func usage(words: [String]) async throws {
    try await Stage.with { stage in
      let access = Stage.Access(port: 1, [])
      let client = try stage.start(
        .client, words + ["-n", "bob"] + access.arguments,
        home: Folder(notYetAt: stage.folder.path("home")))
      try await client.expectExit(64)
    }
  }
}
