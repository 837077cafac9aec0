import Glibc

/// A thread for the half of a test that blocks.
final class Thread {
  private final class Work {
    let body: () throws -> Void
    var failure: (any Error)?
    init(_ body: @escaping () throws -> Void) { self.body = body }
  }

  private let work: Work
  private var handle = pthread_t()

  init(_ body: sending @escaping () throws -> Void) {
    work = Work(body)
    let argument = unsafe Unmanaged.passRetained(work).toOpaque()
    unsafe pthread_create(
      &handle, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        do { try work.body() } catch { work.failure = error }
        return nil
      }, argument)
  }

  /// Waits for the end of the body and throws what it threw.
  func join() throws {
    pthread_join(handle, nil)
    if let failure = work.failure { throw failure }
  }
}
