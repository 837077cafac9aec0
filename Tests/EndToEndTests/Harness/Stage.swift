import Foundation
import Synchronization
import Testing

/// The folder, the people and the programs of one test.
final class Stage: Sendable {
  let folder: Folder
  private let programs = Mutex<[Program]>([])
  /// Where the programs of a device run that is not simply this machine, by `TRENT_HOME`.
  private let places = Mutex<[String: Surroundings]>([:])

  private init() throws {
    folder = try Folder()
    // A program that ends while a test writes to it is no reason for the test to end.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Runs a test and cleans up after it, however it ends.
  static func with(_ test: (Stage) async throws -> Void) async throws {
    let stage = try Stage()
    do {
      try await test(stage)
    } catch {
      for program in stage.programs.withLock({ $0 }) { print(program.report) }
      try await stage.clear()
      throw error
    }
    try await stage.clear()
  }

  private func clear() async throws {
    defer { folder.remove() }
    let programs = programs.withLock { $0 }
    for program in programs {
      program.signal(SIGKILL)
      program.closeInput()
    }
    for program in programs { _ = try await program.exit() }
  }

  // MARK: Programs

  /// Has all programs of a device run there from now on.
  func put(_ home: Folder, in surroundings: Surroundings) {
    places.withLock { $0[home.path] = surroundings }
  }

  /// - Parameters:
  ///   - home: becomes `TRENT_HOME`.
  ///   - environment: variables besides the usual ones.
  ///   - surroundings: where it runs, if not where all programs of its home do.
  func start(
    _ file: ProgramFile, _ arguments: [String], home: Folder? = nil,
    environment: [String: String] = [:], in surroundings: Surroundings? = nil,
    input: Program.Input = .nothing, outputGoesNowhere: Bool = false
  ) throws -> Program {
    let place = surroundings ?? home.flatMap { home in places.withLock { $0[home.path] } }
    return try start(
      (place?.wrapper ?? []) + [file.path] + arguments, home: home,
      environment: (place?.environment ?? [:]).merging(environment) { $1 }, input: input,
      outputGoesNowhere: outputGoesNowhere)
  }

  /// Any program.
  ///
  /// - Parameter words: the first one is its path.
  func start(
    _ words: [String], home: Folder? = nil, environment: [String: String] = [:],
    input: Program.Input = .nothing, outputGoesNowhere: Bool = false
  ) throws -> Program {
    var environment = environment
    environment["PATH"] = "/usr/bin:/bin"
    environment["LANG"] = "C.UTF-8"
    environment["HOME"] = folder.path("nobody")
    environment["TRENT_HOME"] = home?.path
    let program = try Program(
      words[0], Array(words.dropFirst()), environment: environment, input: input,
      outputGoesNowhere: outputGoesNowhere)
    programs.withLock { $0.append(program) }
    return program
  }

  /// A KDC with files in a folder of its own, ready to serve.
  func kdc(
    _ extra: [String] = [], port: UInt16 = 0, folder name: String = "kdc",
    on host: Network.Host? = nil, in surroundings: Surroundings? = nil,
    environment: [String: String] = [:]
  ) async throws -> RunningKDC {
    let folder = try folder.folder(name)
    let program = try start(
      .kdc,
      ["-p", "\(port)", "-f", folder.path("pwd.txt"), "-o", folder.path("out.txt")] + extra,
      environment: environment, in: surroundings ?? host?.surroundings)
    return try await RunningKDC(
      program, folder: folder, logName: "out.txt", host: host?.address ?? "127.0.0.1")
  }

  /// Arguments for a KDC that lets one address ask for as much as a load generator does.
  func unbraked() throws -> [String] { try folder.unbrakedKDC() }

  func user(_ name: String, device: String? = nil) throws -> User {
    try User(name, in: folder, device: device)
  }

  /// How a client finds its KDC and proves who it is.
  struct Access {
    var host: String
    var port: UInt16
    var options: [String]

    /// By the KDC's word and the user's file, registering if need be.
    init(_ user: User, at kdc: RunningKDC) {
      host = kdc.host
      port = kdc.port
      options = ["--kdc-key", kdc.word, "--register", "--passphrase-file", user.passphraseFile]
    }

    init(host: String = "127.0.0.1", port: UInt16, _ options: [String]) {
      self.host = host
      self.port = port
      self.options = options
    }

    var arguments: [String] { ["-a", host, "-p", "\(port)"] + options }
  }

  /// A receiver that need not come as far as listening.
  func receiver(
    _ user: User, _ access: Access, _ extra: [String], input: Program.Input = .nothing,
    outputGoesNowhere: Bool = false
  ) throws -> Program {
    try start(
      .client, ["-n", user.name, "-m", "R", "-l", "0"] + access.arguments + extra,
      home: user.home, input: input, outputGoesNowhere: outputGoesNowhere)
  }

  /// A receiver that can be reached.
  func listening(
    _ user: User, at kdc: RunningKDC, _ extra: [String] = []
  ) async throws -> Program {
    let program = try receiver(user, Access(user, at: kdc), extra)
    try await program.said("listening on port")
    return program
  }

  func sender(
    _ user: User, _ access: Access, to receiver: String, _ file: String,
    input: Program.Input = .nothing
  ) throws -> Program {
    try start(
      .client, ["-n", user.name, "-m", "S", "-r", receiver, "-i", file] + access.arguments,
      home: user.home, input: input)
  }

  func sender(
    _ user: User, at kdc: RunningKDC, to receiver: String, _ file: String,
    input: Program.Input = .nothing
  ) throws -> Program {
    try sender(user, Access(user, at: kdc), to: receiver, file, input: input)
  }

  /// Sends something small and expects it to arrive: the service works.
  func expectTransfer(
    from sender: User, to receiver: User, at kdc: RunningKDC,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let content = randomBytes(2000)
    let waiting = try await listening(receiver, at: kdc, ["-o", folder.path("small-out")])
    let sending = try self.sender(
      sender, at: kdc, to: receiver.name, try folder.put(content, at: "small-in"))
    try await sending.expectExit(0, sourceLocation: sourceLocation)
    try await waiting.expectExit(0, sourceLocation: sourceLocation)
    #expect(folder.bytes(of: "small-out") == content, sourceLocation: sourceLocation)
  }
}
