/// A message to send, and the state that awaits its answer.
@frozen
public struct Outgoing<Next: ~Copyable>: ~Copyable {
  public let message: [UInt8]
  public let next: Next

  init(_ message: [UInt8], next: consuming Next) {
    self.message = message
    self.next = next
  }
}
