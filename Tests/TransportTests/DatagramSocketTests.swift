import Glibc
import Testing
import Transport
import Wire

@Suite("Datagrams")
struct DatagramSocketTests {
  /// Two sockets that are connected to each other.
  private func withPair(
    _ body: (borrowing DatagramSocket, borrowing DatagramSocket) throws -> Void
  ) throws {
    // The first one learns its port by connecting anywhere; the second one connects to it from a
    // port of its own, to which the first one is then connected anew.
    let any = try DatagramSocket.connect(to: loopback(9))
    let firstAddress = any.localAddress
    let second = try DatagramSocket.connect(to: #require(firstAddress))
    let secondAddress = second.localAddress
    try unsafe #require(secondAddress).withIPv4Socket { pointer, count in
      try #require(unsafe connect(any.descriptor, pointer, count) == 0)
    }
    try body(any, second)
  }

  @Test("Datagrams keep their boundaries, empty ones and the longest too")
  func exchange() throws {
    try withPair { first, second in
      for count in [0, 1, DatagramSocket.sendLimit] {
        let message = [UInt8](repeating: 3, count: count)
        try first.send(unsafe message.span.bytes)
        #expect(try second.receive(deadline: generous) == message)
      }
      let tooLong = [UInt8](repeating: 3, count: DatagramSocket.sendLimit + 1)
      #expect(throws: TransportFailure.messageTooLarge(limit: 1232)) {
        try first.send(unsafe tooLong.span.bytes)
      }
    }
  }

  @Test("What is longer than the limit is dropped, what just fits is not")
  func overlong() throws {
    try withPair { first, second in
      for count in [1501, 1500] {
        let message = [UInt8](repeating: UInt8(count & 0xff), count: count)
        try #require(unsafe send(first.descriptor, message, count, 0) == count)
      }
      #expect(try second.receive(deadline: generous)?.count == 1500)
      #expect(try second.receive(deadline: .after(.milliseconds(10))) == nil)
    }
  }

  @Test("A port where nobody listens says so at once")
  func refused() throws {
    // A port that was just ours and is free again.
    let freed = try DatagramSocket.connect(to: loopback(9)).localAddress
    let address = try #require(freed)
    let socket = try DatagramSocket.connect(to: address)
    let ownAddress = socket.localAddress
    try #require(ownAddress != address)
    try socket.send(unsafe ([1] as [UInt8]).span.bytes)
    let before = Deadline.after(.seconds(10))
    #expect(throws: TransportFailure.datagramRefused(address)) {
      try socket.receive(deadline: generous)
    }
    #expect(!before.hasPassed)
  }

  @Test("Silence ends at the deadline")
  func silence() throws {
    try withPair { first, _ in
      let received = try first.receive(deadline: .after(.milliseconds(10)))
      #expect(received == nil)
    }
  }
}
