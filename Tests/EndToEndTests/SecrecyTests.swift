import Foundation
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
