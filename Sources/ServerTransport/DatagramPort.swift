internal import Glibc

/// A bound UDP socket. Each answer is on its own: one that cannot be sent is lost, as any datagram
/// may be.
struct DatagramPort: Sendable {
  let socket: ServerSocket

  /// Waits for datagrams.
  ///
  /// - Returns: whether that went well; `errno` tells otherwise.
  func receive(_ batch: DatagramBatch) -> Bool { batch.receive(through: socket.descriptor) }

  /// Whoever waits for datagrams waits no longer, from now on.
  func interrupt() {
    // Says that there is no connection, and wakes them up all the same.
    _ = shutdown(socket.descriptor, Int32(SHUT_RD))
  }

  /// Sends answers with as few calls as the system makes of it.
  func send(_ batch: DatagramBatch) { batch.send(through: socket.descriptor) }

  func send(_ message: [UInt8], to receiver: SocketName) {
    unsafe receiver.withAddress { address, count in
      _ = unsafe sendto(
        socket.descriptor, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL),
        address, count)
    }
  }
}
