internal import NIOCore

/// The answers of one connection, which get ready in any order and leave in that of the requests.
struct ResponseQueue {
  /// The name of a request within its connection.
  typealias Number = UInt64

  private enum Slot {
    case waiting
    /// Nil: the connection closes when its turn comes.
    case settled([UInt8]?)
  }

  private var slots = CircularBuffer<Slot>()
  private var firstNumber: Number = 0

  /// Requests whose answer has not left yet.
  var count: Int { slots.count }

  /// Takes in a request.
  mutating func open() -> Number {
    slots.append(.waiting)
    return firstNumber &+ Number(slots.count - 1)
  }

  /// Keeps the answer until its turn comes. A second answer to one request is ignored.
  mutating func settle(_ number: Number, with message: [UInt8]?) {
    let offset = number &- firstNumber
    guard offset < slots.count else { return }
    let index = slots.index(slots.startIndex, offsetBy: Int(offset))
    guard case .waiting = slots[index] else { return }
    slots[index] = .settled(message)
  }

  /// The next answer whose turn has come, if it is ready; `.some(nil)` closes the connection.
  mutating func next() -> [UInt8]?? {
    guard case .settled(let message) = slots.first else { return nil }
    slots.removeFirst()
    firstNumber &+= 1
    return .some(message)
  }

  mutating func removeAll() {
    firstNumber &+= Number(slots.count)
    slots.removeAll()
  }
}
