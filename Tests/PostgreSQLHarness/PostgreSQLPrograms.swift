import CLinux
import Foundation

/// The programs of PostgreSQL, as Debian installs them, and the user that they run as.
enum PostgreSQLPrograms {
  /// Where they are: of several versions the newest.
  static func path(_ program: String) throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
      .compactMap { Int($0) }.sorted()
    let paths = versions.reversed().map { "\(root)/\($0)/bin/\(program)" }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else {
      throw PostgreSQLProblem(
        "there is no \(program) below \(root): SCRIPTS/setup installs PostgreSQL, which these "
          + "tests need")
    }
    return path
  }

  /// Who owns the server's files. PostgreSQL refuses to run as root.
  static func owner() throws -> (user: uid_t, group: gid_t)? {
    guard geteuid() == 0 else { return nil }
    for name in ["postgres", "nobody"] {
      if let entry = unsafe getpwnam(name) {
        return unsafe (entry.pointee.pw_uid, entry.pointee.pw_gid)
      }
    }
    throw PostgreSQLProblem("there is no user that PostgreSQL could run as")
  }

  /// The words that run a program as that user.
  static func words(_ program: String, _ arguments: [String]) throws -> [String] {
    let words = [try path(program)] + arguments
    guard let owner = try owner() else { return words }
    return [
      "/usr/bin/setpriv", "--reuid=\(owner.user)", "--regid=\(owner.group)", "--clear-groups",
    ] + words
  }

  /// Runs a program in a folder to its end, and returns what it wrote.
  @discardableResult
  static func run(_ program: String, _ arguments: [String], in folder: String) throws -> String {
    let command = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\" 2>&1", folder]
    return try run(command + words(program, arguments))
  }

  /// Runs a command to its end, and returns what it wrote to standard output.
  @discardableResult
  static func run(_ words: [String]) throws -> String {
    let pipe = try ClosingPipe()
    let process = try spawn(words, output: pipe.writingEnd)
    close(pipe.writingEnd)
    let file = FileHandle(fileDescriptor: pipe.readingEnd, closeOnDealloc: true)
    let output = String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
    guard status(of: process) == 0 else {
      throw PostgreSQLProblem("\(words.joined(separator: " ")): \(output)")
    }
    return output
  }

  /// Starts a command that inherits nothing but these: other tests of this process may have
  /// descriptors that nobody else must have.
  static func spawn(
    _ words: [String], input: Int32? = nil, output: Int32? = nil
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    for (number, descriptor) in [(STDIN_FILENO, input), (STDOUT_FILENO, output)] {
      if let descriptor {
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      }
    }
    // What a failing command says is in the log of the tests.
    if output == nil {
      unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_RDWR, 0)
    }
    unsafe trent_spawn_closing(&actions, STDERR_FILENO + 1)
    // A session of its own: who interrupts the tests at a terminal does not interrupt its end.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    let newSession: Int32 = 0x80
    let flags = newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    let variables = ["PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent"]
    var environment = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe arguments.indices { unsafe free(arguments[index]) }
      for index in unsafe environment.indices { unsafe free(environment[index]) }
    }
    var process: pid_t = 0
    let code = unsafe posix_spawn(
      &process, words[0], &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw PostgreSQLProblem("\(words[0]) cannot be started") }
    return process
  }

  /// Waits for the end of a process.
  @discardableResult
  static func status(of process: pid_t) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// A pipe that no program inherits unasked.
struct ClosingPipe {
  let readingEnd: Int32
  let writingEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw PostgreSQLProblem("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (readingEnd, writingEnd) = (ends[0], ends[1])
  }
}
