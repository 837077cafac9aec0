import Foundation
import Testing

extension EndToEnd {
  /// What is in the memory of the programs, found in core dumps of them. For these it takes root,
  /// whom nothing keeps out: anybody else's dumps are refused, which is a test of its own.
  @Suite(.enabled(if: geteuid() == 0, "only root may dump these programs"))
  struct MemorySecrecyTests {}
}

extension EndToEnd.MemorySecrecyTests {
  /// Of the KDC, when the two have just proven who they are.
  private static let both = MemoryScene.heldByKDC.union(MemoryScene.kept(of: "alice", "bob"))
  /// Of a receiver that stays, whose passphrase was typed: it logs in again by itself.
  private static let staying: Set = ["digest of bob", "identity seed of bob"]
  /// Of a mailbox, which has them from its key file.
  private static let serving: Set = ["digest of post", "identity seed of post"]

  @Test("Nobody's memory has a passphrase, nor more of what comes of it than SECURITY.md lists")
  func signedIn() async throws {
    try await Stage.with { stage in
      let scene = try await MemoryScene(stage)
      #expect(try await scene.memory(of: scene.kdc.program) == Self.both)
      let receiver = try await scene.receiver()
      #expect(try await scene.memory(of: receiver) == Self.staying)
      let sender = try stage.sending(
        scene.alice, at: scene.kdc, to: "bob", ["-"], input: .pipe)
      sender.write(randomBytes(3_000_000))
      try await receiver.shown("receiving a stream")
      // A transfer that goes on.
      #expect(try await scene.memory(of: sender) == [])
      #expect(try await scene.memory(of: receiver) == Self.staying)
      #expect(try await scene.memory(of: scene.kdc.program) == Self.both)
      sender.closeInput()
      try await sender.expectExit(0)
      #expect(try await scene.memory(of: receiver) == Self.staying)
      #expect(try await scene.memory(of: scene.mailbox) == Self.serving)
    }
  }

  @Test("Keys of requests and sessions are in no memory once they have been used")
  func sessions() async throws {
    try await Stage.with { stage in
      var scene = try await MemoryScene(stage)
      let receiver = try await scene.receiver()
      try await scene.logIn(scene.alice)
      let login = try scene.kept(by: scene.alice)
      let sender = try scene.asAlice(["send", "-", "-r", "bob"])
      sender.write(randomBytes(3_000_000))
      try await receiver.shown("receiving a stream")
      try scene.addRecordedKeys(of: login)
      // What the kept login's file has, too, and for the next request what the last one brought.
      let held: Set = [
        "login key of alice", "ticket key of alice", "deposit storage key of alice",
        "request key of a renewal",
      ]
      #expect(try await scene.memory(of: sender) == held)
      #expect(try await scene.memory(of: receiver) == Self.staying)
      #expect(try await scene.memory(of: scene.kdc.program) == Self.both)
      sender.closeInput()
      try await sender.expectExit(0)
      #expect(try await scene.memory(of: receiver) == Self.staying)
    }
  }

  @Test("After a change of passphrase, a deposit and its fetching, nothing else is in any memory")
  func changed() async throws {
    try await Stage.with { stage in
      var scene = try await MemoryScene(stage)
      try await scene.logIn(scene.bob)
      try await scene.changePassphraseOfAlice()
      // For no more than ten minutes, and of no use any more.
      let former: Set = ["former proof key of alice", "former reply key of alice"]
      let between = MemoryScene.heldByKDC.union(MemoryScene.kept(of: "bob")).union(former)
      #expect(try await scene.memory(of: scene.kdc.program) == between)

      try await scene.logIn(scene.alice)
      let change = Self.both.union(former)
      let login = try scene.kept(by: scene.alice)
      let sender = try scene.asAlice(["send", "--text", "hello", "-r", "bob", "--via", "post"])
      try await sender.expectExit(0)
      try scene.addRecordedKeys(of: login)
      #expect(try await scene.memory(of: scene.kdc.program) == change)
      #expect(try await scene.memory(of: scene.mailbox) == Self.serving)

      // A receiver who is asked what to do with it.
      let fetch = try stage.start(
        .client,
        ["fetch", "-d", stage.folder.path, "-n", "bob", "--from", "post"]
          + Stage.Access(port: scene.port, []).arguments,
        home: scene.bob.home, input: .terminal)
      try await fetch.shown("[y/N]")
      _ = try scene.kept(by: scene.bob)
      let held: Set = ["login key of bob", "ticket key of bob", "deposit storage key of bob"]
      #expect(try await scene.memory(of: fetch) == held)
      fetch.type("y")
      try await fetch.expectExit(0)
      #expect(try await scene.memory(of: scene.mailbox) == Self.serving)
      #expect(try await scene.memory(of: scene.kdc.program) == change)
    }
  }

  @Test("Nor has who chats, changes a passphrase or signs in with a key file more than is listed")
  func otherPrograms() async throws {
    try await Stage.with { stage in
      var scene = try await MemoryScene(stage)
      let printer = try await Machine.registered("printer", at: scene.kdc, on: stage)
      try scene.add(printer)
      let access = Stage.Access(port: scene.kdc.port, ["--kdc-key", scene.kdc.word]).arguments

      // Whose passphrase was typed: it logs in again by itself, as the machine that receives does.
      let chat = try stage.start(
        .client, ["chat", "-r", "bob", "-n", "alice"] + access, home: scene.alice.home,
        input: .terminal)
      try await chat.shown("passphrase of alice:")
      chat.type(scene.alice.passphrase)
      try await chat.shown("bob is not there now")
      #expect(try await scene.memory(of: chat) == ["digest of alice", "identity seed of alice"])
      let receiver = try printer.receiver(at: scene.kdc, ["-o", stage.folder.path("printed")])
      try await receiver.said("listening on port")
      let machine: Set = ["digest of printer", "identity seed of printer"]
      #expect(try await scene.memory(of: receiver) == machine)
      let sender = try stage.start(
        .client, ["send", "-", "-r", "printer", "--key-file", scene.post.keyFile] + access,
        home: scene.post.home, input: .pipe)
      try await receiver.said("receiving a stream")
      #expect(try await scene.memory(of: sender) == [])
      sender.closeInput()
      try await sender.expectExit(0)
      try await receiver.expectExit(0)

      // Between the old passphrase and the new one.
      let next = MemoryScene.passphrase()
      scene.add("next passphrase of bob", Array(next.utf8))
      let passwd = try stage.start(
        .client, ["passwd", "-n", "bob"] + access, home: scene.bob.home, input: .terminal)
      try await passwd.shown("passphrase of bob:")
      passwd.type(scene.bob.passphrase)
      try await passwd.shown("new passphrase of bob:")
      passwd.type(next)
      try await passwd.shown("the same passphrase again:")
      let changing: Set = [
        "digest of bob", "device key of bob", "identity seed of bob", "next passphrase of bob",
      ]
      let found = try await scene.memory(of: passwd)
      #expect(found == changing)
    }
  }

  @Test("Of the audit's keys a KDC has the next record's alone")
  func auditKeys() async throws {
    try await Stage.with { stage in
      var scene = try await MemoryScene(stage)
      scene.add("former key of the audit", try scene.auditKey())
      try await scene.logIn(scene.alice)
      try await eventually("the chain state of all records") {
        try scene.auditStateIsPresent() ? () : nil
      }
      // No record is written while the KDC is looked at.
      scene.kdc.program.signal(SIGSTOP)
      let present = try scene.auditKey()
      scene.add("key of the audit", present)
      let found = try await scene.memory(of: scene.kdc.program)
      #expect(try scene.auditStateIsPresent() && scene.auditKey() == present)
      #expect(found == Self.both.union(["key of the audit"]))
      scene.kdc.program.signal(SIGCONT)
    }
  }

  @Test("The search finds what is planted: locked, excluded from dumps, and half written over")
  func planted() async throws {
    try await Stage.with { stage in
      let secret = randomBytes(32)
      var search = SecretSearch()
      search.add("secret", secret)
      search.add("another", randomBytes(32))
      let program = try await HiddenSecret(secret, in: stage.folder)
      let dump = try await CoreDump(of: program.processID, in: stage.folder)
      #expect(dump.findings(of: SecretPatterns(search.secrets)) == ["secret"])
      // Eight bytes of it at either end, and none in the middle of nowhere.
      let parts = [
        (secret[..<8], true), (secret[24...], true), (secret[..<7], false), (secret[4..<12], false),
      ]
      for (bytes, isFound) in parts {
        let memory = [UInt8](repeating: 7, count: 5000) + bytes + [UInt8](repeating: 0, count: 4999)
        let patterns = SecretPatterns(search.secrets)
        let found = unsafe memory.withUnsafeBytes { unsafe patterns.names(in: $0) }
        #expect(found == (isFound ? ["secret"] : []))
      }
    }
  }

  @Test("Nobody but root can dump a program that has secrets, not even its own user")
  func undumpable() async throws {
    try await Stage.with { stage in
      let folder = try stage.folder.openToAll()
      let dumpable = try folder.program("waiting", "int pause(void); int main(void) { pause(); }")
      let client = folder.path("client")
      try FileManager.default.copyItem(atPath: ProgramFile.client.path, toPath: client)
      let silent = try ServerSocket()
      let words = [client, "login", "-n", "alice", "-a", "127.0.0.1", "-p", "\(silent.port)"]
      let running = try PowerlessProgram(words + ["--accept-new-kdc"], home: folder.path)
      try await eventually("the client at the KDC") { silent.hasInput ? () : nil }
      await #expect(throws: WaitedInVain.self) {
        try await CoreDump(of: running.processID, in: folder, as: PowerlessProgram.user)
      }
      // It is not this way of asking that is refused; where it always is, that says nothing.
      let restriction = try? String(
        contentsOfFile: "/proc/sys/kernel/yama/ptrace_scope", encoding: .utf8)
      if restriction?.first ?? "0" == "0" {
        let other = try PowerlessProgram([dumpable], home: folder.path)
        _ = try await CoreDump(of: other.processID, in: folder, as: PowerlessProgram.user)
      }
    }
  }
}
