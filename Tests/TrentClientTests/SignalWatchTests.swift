import Glibc
import Testing
import TrentClient

/// A question in the middle of something that watches for signals.
@Suite(.serialized) struct SignalWatchTests {
  /// Raises a signal on this thread, whose mask is whatever the pool of threads has made of it.
  private func send(_ signal: Int32) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, signal)
    var former = sigset_t()
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, &former)
    raise(signal)
    unsafe pthread_sigmask(SIG_SETMASK, &former, nil)
  }

  @Test func theOuterWatchGoesOnAfterTheInnerOne() throws {
    let outer = try SignalWatch([SIGUSR2])
    do {
      let inner = try SignalWatch([SIGUSR2])
      send(SIGUSR2)
      #expect(outer.next() == nil)
      #expect(inner.next() == SIGUSR2)
    }
    send(SIGUSR2)
    #expect(outer.next() == SIGUSR2)
    #expect(outer.next() == nil)
  }
}
