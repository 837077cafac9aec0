/// A value that copies share, so that handing it on costs one reference, whatever it holds.
final class SharedValue<Value: Hashable & Sendable>: Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// The same to its owner as the value itself: a change makes another one.
struct Shared<Value: Hashable & Sendable>: Hashable, Sendable {
  private var box: SharedValue<Value>

  init(_ value: Value) { box = SharedValue(value) }

  var value: Value { box.value }

  mutating func change(_ body: (inout Value) -> Void) {
    var value = box.value
    body(&value)
    box = SharedValue(value)
  }

  static func == (left: Self, right: Self) -> Bool {
    left.box === right.box || left.value == right.value
  }

  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
