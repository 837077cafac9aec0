internal import Glibc

/// A pipe to poll at, which no program that is started inherits. Whoever has it closes both ends.
struct PipeEnds {
  let reading: Int32
  let writing: Int32

  /// - Parameter purpose: what there is no descriptor for, in words that follow "left to".
  init(to purpose: String, isBlocking: Bool = true) throws(ClientFailure) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw ClientFailure(.other, "This machine has no descriptor left to \(purpose).")
    }
    for end in ends {
      if !isBlocking { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (reading, writing) = (ends[0], ends[1])
  }
}
