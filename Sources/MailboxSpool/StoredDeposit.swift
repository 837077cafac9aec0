internal import DurableFiles
public import MailboxService

/// A deposit that its receiver reads. It may be collected meanwhile.
public struct StoredDeposit: ~Copyable {
  private let file: CompleteFile

  init(_ file: consuming CompleteFile) { self.file = file }

  public var byteCount: UInt64 { file.head.reservation.byteCount }

  /// Bytes from an offset on; all of them are there, or the disk fails.
  public func bytes(at offset: UInt64, count: Int) throws(MailboxReason) -> [UInt8] {
    guard offset <= byteCount, UInt64(count) <= byteCount - offset else { throw .notThere }
    let start = UInt64(DepositHead.byteCount) + offset
    guard let bytes = try? file.file.bytes(at: start, count: count), bytes.count == count else {
      throw .busy
    }
    return bytes
  }
}
