internal import CLinux
internal import Glibc

/// How a program of the receiver's is started: by the shell, as the leader of a process group of
/// its own, with signals as a shell leaves them, and with no descriptor but the three standard
/// ones.
@safe
struct ProgramStart: ~Copyable {
  private static let shell = "/bin/sh"

  private var actions = unsafe posix_spawn_file_actions_t()
  private var attributes = posix_spawnattr_t()

  /// - Parameter input: becomes standard input.
  init(input: Int32) throws(ProgramFailure) {
    try Self.check(unsafe posix_spawn_file_actions_init(&actions))
    try Self.check(unsafe posix_spawnattr_init(&attributes))
    try Self.check(unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO))
    // Whatever other threads have just opened.
    try Self.check(unsafe trent_spawn_closing(&actions, STDERR_FILENO + 1))
    try Self.check(unsafe posix_spawnattr_setpgroup(&attributes, 0))
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    try Self.check(unsafe posix_spawnattr_setsigmask(&attributes, &signals))
    for signal in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&signals, signal) }
    try Self.check(unsafe posix_spawnattr_setsigdefault(&attributes, &signals))
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    try Self.check(unsafe posix_spawnattr_setflags(&attributes, Int16(flags)))
  }

  deinit {
    var actions = unsafe actions
    var attributes = attributes
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
  }

  /// - Returns: The process.
  mutating func run(
    _ command: String, environment: [String]
  ) throws(ProgramFailure) -> pid_t {
    let arguments = [Self.shell, "-c", command]
    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe words.indices { unsafe free(words[index]) }
      for index in unsafe variables.indices { unsafe free(variables[index]) }
    }
    var process: pid_t = 0
    try Self.check(
      unsafe posix_spawn(&process, Self.shell, &actions, &attributes, &words, &variables))
    return process
  }

  private static func check(_ code: Int32) throws(ProgramFailure) {
    guard code == 0 else { throw .notStarted(reason: Self.words(for: code)) }
  }

  static func words(for code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
        return "error \(code)"
      }
      return unsafe String(cString: text)
    }
  }
}
