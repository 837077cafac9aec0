import Foundation

/// A library that shows the program it is loaded into another time of day. The clocks that nobody
/// can set (`CLOCK_MONOTONIC`, `CLOCK_BOOTTIME`) stay what they are.
struct WrongClock {
  private static let source = """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>

    int clock_gettime(clockid_t clock, struct timespec *now) {
      int result = (int)syscall(SYS_clock_gettime, clock, now);
      const char *shift = getenv("WRONG_CLOCK_SECONDS");
      if (result == 0 && clock == CLOCK_REALTIME && shift) now->tv_sec += atol(shift);
      return result;
    }
    """

  /// What makes a program's clock wrong.
  let environment: [String: String]

  /// Compiles the library, with the compiler that Swift brings along.
  init(seconds: Int, in folder: Folder) throws {
    let library = try folder.library("clock", Self.source)
    environment = ["LD_PRELOAD": library, "WRONG_CLOCK_SECONDS": "\(seconds)"]
  }
}
