/// A message to send, and the state that awaits its answer.
@frozen
public struct Outgoing<Next: ~Copyable>: ~Copyable {
  /// To be sent as it is.
  public let message: [UInt8]
  /// Takes the answer.
  public let next: Next

  init(_ message: [UInt8], next: consuming Next) {
    self.message = message
    self.next = next
  }
}
