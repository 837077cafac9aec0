internal import Glibc
internal import Synchronization
internal import Transport
internal import Wire

/// Turns signals into something to poll for, as long as it lives: what they would have done to the
/// process is the owner's to do. A watch that begins during another one takes over until it ends.
public final class SignalWatch {
  /// The writing end of the latest watch's pipe, for the handler; -1 while nobody watches.
  private static let output = Atomic<Int32>(-1)

  /// Becomes readable when a signal has come.
  public let descriptor: Int32
  private var former: [(signal: Int32, action: sigaction)] = []
  /// What the watch before this one writes to.
  private let formerOutput: Int32

  /// Takes over signals until it goes.
  public init(_ signals: [Int32]) throws(ClientFailure) {
    let ends = try PipeEnds(to: "watch for signals", isBlocking: false)
    descriptor = ends.reading
    formerOutput = Self.output.exchange(ends.writing, ordering: .relaxed)
    for signal in signals {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in SignalWatch.note(number) }
      action.sa_flags = SA_RESTART
      var before = sigaction()
      unsafe sigaction(signal, &action, &before)
      former.append((signal, before))
    }
  }

  deinit {
    for entry in former {
      var action = entry.action
      unsafe sigaction(entry.signal, &action, nil)
    }
    close(Self.output.exchange(formerOutput, ordering: .relaxed))
    close(descriptor)
  }

  /// Runs inside of a signal handler: only what signal-safety(7) allows.
  private static func note(_ signal: Int32) {
    let code = errno
    var byte = UInt8(truncatingIfNeeded: signal)
    _ = unsafe write(output.load(ordering: .relaxed), &byte, 1)
    errno = code
  }

  /// The signal that came first of those not told yet; nil if none has come.
  public func next() -> Int32? {
    var byte: UInt8 = 0
    return unsafe read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
  }

  /// Throws the interruption if a signal has come.
  func check() throws(ClientFailure) {
    if let signal = next() { throw .interrupted(by: signal) }
  }
}
