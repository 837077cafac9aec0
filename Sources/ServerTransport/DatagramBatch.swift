internal import CSystemCalls
internal import Glibc
internal import Wire

/// Datagrams that come or leave together: one system call for many is a third of the work.
///
/// Not for two threads at once.
@safe
final class DatagramBatch {
  private static let capacity = Int(TRENT_DATAGRAM_LIMIT)
  private static let addressByteCount = MemoryLayout<sockaddr_storage>.size

  private let slotByteCount: Int
  /// A slot for each datagram and each address; `datagrams` points into them.
  private let bytes: UnsafeMutableRawBufferPointer
  private let addresses: UnsafeMutableRawBufferPointer
  private let datagrams: UnsafeMutableBufferPointer<trent_datagram>
  private(set) var count = 0

  /// - Parameter limit: the longest datagram in bytes.
  init(limit: Int) {
    slotByteCount = limit
    unsafe bytes = .allocate(byteCount: limit * Self.capacity, alignment: 16)
    unsafe addresses = .allocate(
      byteCount: Self.addressByteCount * Self.capacity,
      alignment: MemoryLayout<sockaddr_storage>.alignment)
    unsafe datagrams = .allocate(capacity: Self.capacity)
    for slot in 0..<Self.capacity {
      unsafe datagrams.initializeElement(
        at: slot,
        to: trent_datagram(
          bytes: bytes.baseAddress?.advanced(by: slot * limit), count: 0,
          address: addresses.baseAddress?.advanced(by: slot * Self.addressByteCount),
          address_count: 0))
    }
  }

  deinit {
    unsafe bytes.deallocate()
    unsafe addresses.deallocate()
    unsafe datagrams.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Waits for datagrams, and holds them in place of what was there. What is longer than the limit
  /// is cut off.
  ///
  /// - Returns: whether that went well; `errno` tells otherwise.
  func receive(through descriptor: Int32) -> Bool {
    for slot in 0..<Self.capacity {
      unsafe datagrams[slot].count = slotByteCount
      unsafe datagrams[slot].address_count = UInt32(Self.addressByteCount)
    }
    let received = unsafe trent_receive_datagrams(
      descriptor, datagrams.baseAddress, UInt32(Self.capacity))
    count = max(Int(received), 0)
    return received >= 0
  }

  /// Takes in a datagram, unless the batch is full or the message longer than the limit.
  func append(_ message: [UInt8], to receiver: SocketName) {
    guard !isFull, message.count <= slotByteCount else { return }
    unsafe datagrams[count].bytes.copyMemory(from: message, byteCount: message.count)
    unsafe datagrams[count].count = message.count
    unsafe receiver.withAddress { address, addressCount in
      unsafe datagrams[count].address.copyMemory(from: address, byteCount: Int(addressCount))
      unsafe datagrams[count].address_count = addressCount
    }
    count += 1
  }

  /// Sends what it holds, without waiting, and is empty then.
  func send(through descriptor: Int32) {
    unsafe trent_send_datagrams(descriptor, datagrams.baseAddress, UInt32(count))
    count = 0
  }

  /// Shows each datagram that it holds.
  func withEach(_ body: (_ message: RawSpan, _ sender: SocketName) -> Void) {
    for slot in 0..<count {
      let datagram = unsafe datagrams[slot]
      let message = unsafe UnsafeRawBufferPointer(start: datagram.bytes, count: datagram.count)
      let sender = unsafe UnsafeRawBufferPointer(
        start: datagram.address, count: Int(datagram.address_count))
      unsafe body(RawSpan(_unsafeBytes: message), SocketName(copying: sender))
    }
  }
}
