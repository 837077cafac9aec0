/// The answers of one connection, which get ready in any order and leave in that of the requests.
struct ResponseQueue {
  /// The name of a request within its connection.
  typealias Number = UInt64

  private enum Slot {
    case waiting
    /// Nil: the connection closes when its turn comes.
    case settled([UInt8]?)
  }

  /// A few at most: it costs nothing to take one from the front.
  private var slots: [Slot] = []
  private var firstNumber: Number = 0

  /// Requests whose answer has not left yet.
  var count: Int { slots.count }

  /// Whether the next answer whose turn has come is ready.
  var isReady: Bool {
    if case .settled = slots.first { true } else { false }
  }

  /// Takes in a request.
  mutating func open() -> Number {
    slots.append(.waiting)
    return firstNumber &+ Number(slots.count - 1)
  }

  /// Keeps the answer until its turn comes. A second answer to one request is ignored.
  mutating func settle(_ number: Number, with message: [UInt8]?) {
    let offset = number &- firstNumber
    guard offset < slots.count, case .waiting = slots[Int(offset)] else { return }
    slots[Int(offset)] = .settled(message)
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
    slots.removeAll(keepingCapacity: true)
  }
}
