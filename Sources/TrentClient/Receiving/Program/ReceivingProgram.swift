internal import CLinux
internal import Glibc
internal import SecretMemory
internal import Transport
internal import Wire

/// A program that takes the content of one transfer on its standard input.
///
/// It sees the end of its input only when all has come: one whose sender has gone, or whose
/// receiver shall end, is ended by a signal first.
struct ReceivingProgram: ~Copyable {
  /// How long it may go on when there is nothing for it any more.
  private static let patience = Interval.seconds(5)
  /// How often to look where the kernel does not tell that a process has ended.
  private static let pause = Interval.milliseconds(50)

  let process: pid_t
  /// Becomes readable when the process has ended; -1 where the kernel cannot do that.
  private let processDescriptor: Int32
  private let stop: any Stop
  /// The writing end of its standard input; -1 once closed.
  private var input: Int32
  /// Whether it has ended, and has been waited for.
  private var isOver = false

  /// - Parameters:
  ///   - command: For the shell.
  ///   - stop: Ends the program when it tells to end.
  init(
    _ command: String, _ variables: ProgramVariables, stop: any Stop
  ) throws(ProgramFailure) {
    let (reading, writing) = try Self.makePipe()
    defer { close(reading) }
    do throws(ProgramFailure) {
      var start = try ProgramStart(input: reading)
      process = try start.run(command, environment: variables.all)
    } catch {
      close(writing)
      throw error
    }
    processDescriptor = trent_open_process(process)
    self.stop = stop
    input = writing
  }

  deinit {
    if !isOver {
      kill(-process, SIGKILL)
      var status: Int32 = 0
      while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
    if input >= 0 { close(input) }
    if processDescriptor >= 0 { close(processDescriptor) }
  }

  /// A pipe whose ends are none of the standard descriptors; nobody waits at its writing end.
  private static func makePipe() throws(ProgramFailure) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw .notStarted(reason: ProgramStart.words(for: errno))
    }
    let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) }
    let code = errno
    for end in ends { close(end) }
    guard moved.allSatisfy({ $0 >= 0 }), fcntl(moved[1], F_SETFL, O_NONBLOCK) == 0 else {
      for end in moved where end >= 0 { close(end) }
      throw .notStarted(reason: ProgramStart.words(for: code))
    }
    return (moved[0], moved[1])
  }

  // MARK: What it gets

  /// Hands over all of `content`, however long the program takes.
  ///
  /// - Throws: `ProgramFailure` if it does not read any more, `ClientFailure` if all shall end.
  ///   The program has ended then.
  mutating func write(_ content: RawSpan) throws {
    var rest = content
    while rest.byteCount > 0 {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(input, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        rest = rest.extracting(droppingFirst: count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: try wait(for: Polling.Interest(input, .writable), until: .never)
      default: throw ProgramFailure.stoppedReading(try settle())
      }
    }
  }

  /// Tells it that this was all, and waits for its end.
  ///
  /// - Throws: `ClientFailure` if all shall end; the program has ended then.
  consuming func finish() throws -> ProgramEnd {
    close(input)
    input = -1
    while true {
      if let end = endIfOver() { return end }
      do {
        try waitForEnd(until: .never)
      } catch {
        abandon()
        throw error
      }
    }
  }

  // MARK: How it ends

  /// Ends it by a signal, and by a stronger one what is left of it after some time. Only then is
  /// its input closed: an end that comes too soon is never taken for the end of all.
  mutating func abandon() {
    guard !isOver else { return }
    kill(-process, SIGTERM)
    // Who is stopped would not hear of it.
    kill(-process, SIGCONT)
    let deadline = Deadline.after(Self.patience)
    while !deadline.hasPassed, !hasEnded {
      let descriptor = processDescriptor
      let interests = descriptor < 0 ? [] : [Polling.Interest(descriptor, .readable)]
      let pause = descriptor < 0 ? min(deadline, .after(Self.pause)) : deadline
      _ = try? Polling.wait(for: interests, until: pause)
    }
    kill(-process, SIGKILL)
    _ = waitStatus(0)
  }

  /// It does not read any more: it may end by itself, in a while.
  private mutating func settle() throws -> ProgramEnd {
    let deadline = Deadline.after(Self.patience)
    while !deadline.hasPassed {
      if let end = endIfOver() { return end }
      try waitForEnd(until: deadline)
    }
    abandon()
    return .killed(signal: SIGTERM)
  }

  /// Whether it has ended, without taking note of how: until then nobody else gets its number.
  private var hasEnded: Bool {
    var information = unsafe siginfo_t()
    let options = WEXITED | WNOHANG | WNOWAIT
    guard unsafe waitid(P_PID, id_t(process), &information, options) == 0 else { return true }
    return unsafe information.si_signo == SIGCHLD
  }

  private mutating func endIfOver() -> ProgramEnd? {
    waitStatus(WNOHANG).map(ProgramEnd.init(waitStatus:))
  }

  private mutating func waitStatus(_ options: Int32) -> Int32? {
    var status: Int32 = 0
    while true {
      let ended = unsafe waitpid(process, &status, options)
      if ended < 0, errno == EINTR { continue }
      guard ended != 0 else { return nil }
      isOver = true
      // Somebody else has waited for it: how it ended is not known, so it has not gone well.
      return ended == process ? status : 255 << 8
    }
  }

  private mutating func waitForEnd(until deadline: Deadline) throws {
    guard processDescriptor >= 0 else {
      return try wait(for: nil, until: min(deadline, .after(Self.pause)))
    }
    try wait(for: Polling.Interest(processDescriptor, .readable), until: deadline)
  }

  /// Waits for something that the program does, unless all shall end.
  private mutating func wait(for interest: Polling.Interest?, until deadline: Deadline) throws {
    let interests = [interest, Polling.Interest(stop.descriptor, .readable)].compactMap { $0 }
    let ready = try Polling.wait(for: interests, until: deadline)
    guard ready.contains(where: { $0.descriptor == stop.descriptor }) else { return }
    do {
      try stop.check()
    } catch {
      abandon()
      throw error
    }
  }
}
