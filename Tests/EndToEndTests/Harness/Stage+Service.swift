import Foundation
import Testing

extension Stage {
  /// `client receive --keep`, ready to be reached.
  func serving(
    at kdc: RunningKDC, into folder: Folder, _ extra: [String] = ["--accept-all"]
  ) async throws -> Program {
    try await receiving(try user("bob"), at: kdc, into: folder, ["--keep"] + extra)
  }

  /// `client receive --keep --exec`; the command finds `folder` by `$OUT`.
  func serving(
    at kdc: RunningKDC, by command: String, out folder: Folder
  ) async throws -> Program {
    let bob = try user("bob")
    let program = try start(
      .client,
      ["receive", "--keep", "--accept-all", "--exec", command, "-n", "bob", "-l", "0"]
        + Access(bob, at: kdc).arguments, home: bob.home, environment: ["OUT": folder.path])
    try await program.said("listening on port")
    return program
  }

  /// Keeps a login of somebody, so that many can send in a short time.
  func loggedIn(_ name: String, at kdc: RunningKDC) async throws -> User {
    let user = try user(name)
    let login = try start(
      .client, ["login", "-n", name] + Access(user, at: kdc).arguments, home: user.home)
    try await login.expectExit(0)
    return user
  }

  /// So many users whom nobody knows, so that what goes through all of them takes its time.
  func register(_ count: Int, at kdc: RunningKDC) async throws {
    let load = try start(
      .kdcLoad,
      [
        "-a", "127.0.0.1", "-p", "\(kdc.port)", "--exchange", "register", "--transport", "tcp",
        "-n", "\(count)", "--kdc-key", kdc.word,
      ])
    try await load.expectExit(0)
  }

  /// Sends to bob by the login that is kept.
  func send(
    _ user: User, at kdc: RunningKDC, _ words: [String], input: Program.Input = .nothing
  ) throws -> Program {
    try start(
      .client,
      ["send", "-r", "bob", "-n", user.name, "-a", kdc.host, "-p", "\(kdc.port)"] + words,
      home: user.home, input: input)
  }

  /// A transfer to bob that goes on until its input is closed. It has begun.
  ///
  /// - Parameter number: How many transfers `receiver` has begun by then.
  func stream(
    _ user: User, at kdc: RunningKDC, to receiver: Program, number: Int
  ) async throws -> Program {
    let sender = try send(user, at: kdc, ["-"], input: .pipe)
    try await eventually("transfer \(number)", report: receiver.report + sender.report) {
      let begun = receiver.errors.lines.count { $0.hasPrefix("receiving a stream") }
      return begun >= number ? () : nil
    }
    return sender
  }

  /// Ends a receiver that stays, as a service manager does.
  func stop(_ receiver: Program, by signal: Int32 = SIGTERM) async throws {
    receiver.signal(signal)
    try await receiver.expectExit(0)
  }
}
