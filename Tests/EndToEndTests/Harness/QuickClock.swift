import Foundation

/// A library that makes a program's deadlines come sooner: `CLOCK_MONOTONIC` runs faster for it, and
/// poll(2) and epoll_wait(2) wait as much shorter. The time of day stays what it is.
struct QuickClock {
  private static let source = """
    #define _GNU_SOURCE
    #include <poll.h>
    #include <stdlib.h>
    #include <sys/epoll.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>

    static long factor(void) { return atol(getenv("QUICK_CLOCK_FACTOR")); }

    int clock_gettime(clockid_t clock, struct timespec *now) {
      int result = (int)syscall(SYS_clock_gettime, clock, now);
      if (result != 0 || clock != CLOCK_MONOTONIC) return result;
      long nanoseconds = now->tv_nsec * factor();
      now->tv_sec = now->tv_sec * factor() + nanoseconds / 1000000000;
      now->tv_nsec = nanoseconds % 1000000000;
      return 0;
    }

    int poll(struct pollfd *entries, nfds_t count, int timeout) {
      if (timeout > 0) timeout = (int)(timeout / factor()) + 1;
      return (int)syscall(SYS_poll, entries, count, timeout);
    }

    int epoll_wait(int descriptor, struct epoll_event *events, int limit, int timeout) {
      if (timeout > 0) timeout = (int)(timeout / factor()) + 1;
      return epoll_pwait(descriptor, events, limit, timeout, NULL);
    }
    """

  /// What makes a program's clock quick.
  let environment: [String: String]

  /// Compiles the library, with the compiler that Swift brings along.
  init(factor: Int, in folder: Folder) throws {
    let library = try folder.library("quick-clock", Self.source)
    environment = ["LD_PRELOAD": library, "QUICK_CLOCK_FACTOR": "\(factor)"]
  }
}

extension Folder {
  /// Compiles a library to be loaded into a program, and returns its path.
  func library(_ name: String, _ text: String) throws -> String {
    try compile(["-shared", "-fPIC"], text, to: "\(name).so")
  }

  /// A program of C.
  func program(_ name: String, _ text: String, linking libraries: [String] = []) throws -> String {
    try compile(["-O2", "-Wl,--no-as-needed"] + libraries.map { "-l\($0)" }, text, to: name)
  }

  private func compile(_ options: [String], _ text: String, to name: String) throws -> String {
    let source = try put(Array(text.utf8), at: "\(name).c")
    let result = path(name)
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = ["clang"] + options + ["-o", result, source]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw TestProblem("clang", code: 0) }
    return result
  }
}
