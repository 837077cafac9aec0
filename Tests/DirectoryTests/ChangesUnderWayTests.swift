import Dispatch
import Synchronization
import Testing

@testable import Directory

@Suite struct ChangesUnderWayTests {
  private final class Diary: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  @Test("Who replaces a key waits for every change of before, and for none that came later")
  func waits() {
    let changes = ChangesUnderWay()
    let diary = Diary()
    let former = [changes.begin(), changes.begin()]
    let settled = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      changes.settle()
      diary.note("settled")
      settled.signal()
    }
    while changes.waitingCount == 0 {}
    let later = changes.begin()
    changes.end(former[0])
    diary.note("one")
    #expect(changes.waitingCount == 1)
    diary.note("both")
    changes.end(former[1])
    settled.wait()
    #expect(diary.all == ["one", "both", "settled"])
    changes.end(later)
    // Nobody to wait for.
    changes.settle()
  }
}
