internal import Glibc

/// How much processor time a process on this machine has used (clock_getcpuclockid(3)).
struct ProcessClock {
  private let clock: clockid_t

  /// Nil when there is no such process.
  init?(_ process: Int32) {
    var clock: clockid_t = 0
    guard process > 0, unsafe clock_getcpuclockid(process, &clock) == 0 else { return nil }
    self.clock = clock
  }

  /// In seconds, of all of its threads; nil once the process has ended.
  var seconds: Double? {
    var time = timespec()
    guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
