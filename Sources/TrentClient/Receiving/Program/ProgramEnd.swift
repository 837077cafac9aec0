/// How a program has ended.
enum ProgramEnd: Hashable, CustomStringConvertible {
  case exited(UInt8)
  case killed(signal: Int32)

  /// - Parameter status: as `waitpid` tells it, of a program that has ended.
  init(waitStatus status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited(UInt8(truncatingIfNeeded: status >> 8)) : .killed(signal: signal)
  }

  /// One number for both, as a shell has it: 128 and more for a signal.
  var status: UInt8 {
    switch self {
    case .exited(let status): status
    case .killed(let signal): UInt8(clamping: 128 + signal)
    }
  }

  /// Completes a sentence about the program.
  var description: String {
    switch self {
    case .exited(let status): "ended with exit status \(status)"
    case .killed(let signal): "was ended by signal \(signal)"
    }
  }
}

/// Why a program has not taken all that it was to take.
enum ProgramFailure: Error, CustomStringConvertible {
  case notStarted(reason: String)
  /// Nobody reads its standard input any more.
  case stoppedReading(ProgramEnd)

  var description: String {
    switch self {
    case .notStarted(let reason): "The program could not be started: \(reason)."
    case .stoppedReading(let end):
      "The program stopped reading before it had everything, and \(end)."
    }
  }
}
