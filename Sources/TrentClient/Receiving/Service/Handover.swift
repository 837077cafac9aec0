/// Gives something from one thread to another one, whole.
///
/// Whoever puts it in keeps nothing of it, nor anything that it refers to.
final class Handover<Value: ~Copyable>: @unchecked Sendable {
  private var value: Value?

  init(_ value: consuming Value) { self.value = consume value }

  /// What was put in; nil the second time. Only ever called by one thread.
  func take() -> Value? { value.take() }
}
