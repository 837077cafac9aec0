import Foundation

/// How a process is to be started: posix_spawn with nothing inherited but what is named here.
@safe
struct SpawnPlan: ~Copyable {
  /// POSIX_SPAWN_SETSID, which Swift does not import.
  private static let newSession: Int32 = 0x80

  /// How sanitizers that are built into the programs report (SCRIPTS/sanitize).
  private static let sanitizing = ProcessInfo.processInfo.environment.filter {
    ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key)
  }

  private var actions = unsafe posix_spawn_file_actions_t()
  private var attributes = posix_spawnattr_t()
  /// Ours only until the process has them.
  private var lent: [Int32] = []

  init() throws {
    try Self.check(unsafe posix_spawn_file_actions_init(&actions), "file_actions_init")
    try Self.check(unsafe posix_spawnattr_init(&attributes), "spawnattr_init")
    // A session of its own: no test program has the terminal of whoever runs the tests. Signals as
    // a shell leaves them, whatever the tests have done to theirs.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    try Self.check(unsafe posix_spawnattr_setsigmask(&attributes, &signals), "setsigmask")
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    try Self.check(unsafe posix_spawnattr_setsigdefault(&attributes, &signals), "setsigdefault")
    let flags = Self.newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    try Self.check(unsafe posix_spawnattr_setflags(&attributes, Int16(flags)), "setflags")
  }

  deinit {
    var actions = unsafe actions
    var attributes = attributes
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
    for descriptor in lent { close(descriptor) }
  }

  /// Gives a descriptor away, which is closed here once the process runs.
  mutating func connect(_ descriptor: Int32, to number: Int32) throws {
    lent.append(descriptor)
    try Self.check(
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number), "adddup2")
  }

  mutating func openNothing(as number: Int32) throws {
    try Self.check(
      unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDONLY, 0),
      "addopen")
  }

  /// The first terminal that the leader of a new session opens becomes its controlling one.
  mutating func useTerminal(_ terminal: PseudoTerminal) throws {
    lent.append(terminal.programSide)
    for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      try Self.check(
        unsafe posix_spawn_file_actions_addopen(&actions, number, terminal.path, O_RDWR, 0),
        "addopen")
    }
  }

  mutating func spawn(
    _ path: String, _ arguments: [String], environment: [String: String]
  ) throws -> pid_t {
    // Other tests of this process may have descriptors that they did not close to programs.
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    for descriptor in open.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
      try Self.check(
        unsafe posix_spawn_file_actions_addclose(&actions, descriptor), "addclose")
    }
    var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    var variables =
      unsafe environment.merging(Self.sanitizing) { given, _ in given }
      .map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      for index in unsafe words.indices { unsafe free(words[index]) }
      for index in unsafe variables.indices { unsafe free(variables[index]) }
    }
    var processID: pid_t = 0
    try Self.check(
      unsafe posix_spawn(&processID, path, &actions, &attributes, &words, &variables),
      "starting \(path)")
    return processID
  }

  private static func check(_ code: Int32, _ operation: String) throws {
    guard code == 0 else { throw TestProblem(operation, code: code) }
  }
}
