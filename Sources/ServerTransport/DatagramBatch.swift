internal import CSystemCalls
internal import Glibc
internal import NIOCore

/// Datagrams that leave together: one system call for many is a third of the work.
///
/// Not for two threads at once.
@safe
final class DatagramBatch {
  static let capacity = Int(TRENT_DATAGRAM_LIMIT)

  private let slotByteCount: Int
  /// A slot for each datagram and each address; `datagrams` points into them.
  private let bytes: UnsafeMutableRawBufferPointer
  private let addresses: UnsafeMutableRawBufferPointer
  private let datagrams: UnsafeMutableBufferPointer<trent_datagram>
  private(set) var count = 0

  private static let addressByteCount = MemoryLayout<sockaddr_storage>.size

  /// - Parameter limit: the longest datagram in bytes.
  init(limit: Int) {
    slotByteCount = limit
    unsafe bytes = .allocate(byteCount: limit * Self.capacity, alignment: 16)
    unsafe addresses = .allocate(
      byteCount: Self.addressByteCount * Self.capacity,
      alignment: MemoryLayout<sockaddr_storage>.alignment)
    unsafe datagrams = .allocate(capacity: Self.capacity)
    unsafe datagrams.initialize(repeating: trent_datagram())
  }

  deinit {
    unsafe bytes.deallocate()
    unsafe addresses.deallocate()
    unsafe datagrams.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Takes in a datagram, unless the batch is full or the message longer than the limit.
  func append(_ message: [UInt8], to receiver: SocketAddress) {
    guard !isFull, message.count <= slotByteCount else { return }
    var datagram = unsafe trent_datagram()
    let slot = unsafe UnsafeMutableRawBufferPointer(
      rebasing: bytes[(count * slotByteCount)...].prefix(message.count))
    unsafe message.withUnsafeBytes { message in unsafe slot.copyMemory(from: message) }
    unsafe datagram.bytes = UnsafeRawPointer(slot.baseAddress)
    unsafe datagram.count = message.count
    unsafe receiver.withSockAddr { pointer, size in
      let slot = unsafe UnsafeMutableRawBufferPointer(
        rebasing: addresses[(count * Self.addressByteCount)...].prefix(size))
      unsafe slot.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: slot.count))
      unsafe datagram.address = UnsafeRawPointer(slot.baseAddress)
      unsafe datagram.address_count = UInt32(slot.count)
    }
    unsafe datagrams[count] = datagram
    count += 1
  }

  /// Sends what it holds, without waiting.
  func send(through descriptor: Int32) {
    unsafe trent_send_datagrams(descriptor, datagrams.baseAddress, UInt32(count))
    count = 0
  }
}
