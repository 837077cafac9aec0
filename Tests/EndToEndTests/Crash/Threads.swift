import Foundation
import Synchronization

/// What threads have given so far, and how many are still at work.
private struct Gathered<Value> {
  var values: [Value] = []
  var missing: Int
}

/// Runs `body` on `count` threads at once and returns what all of them give. For work that blocks:
/// the tests' own threads are too few for that.
func onThreads<Value: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (_ number: Int) -> [Value]
) async -> [Value] {
  guard count > 0 else { return [] }
  let gathered = Mutex(Gathered<Value>(missing: count))
  return await withCheckedContinuation { continuation in
    for number in 0..<count {
      Thread.detachNewThread {
        let values = body(number)
        let all: [Value]? = gathered.withLock {
          $0.values += values
          $0.missing -= 1
          return $0.missing == 0 ? $0.values : nil
        }
        if let all { continuation.resume(returning: all) }
      }
    }
  }
}
