internal import DurableFiles
internal import Glibc
public import MailboxService

/// A deposit that its receiver reads. It may be collected meanwhile.
public struct StoredDeposit: ~Copyable {
  private let file: CompleteFile
  private let tell: @Sendable (SpoolEvent) -> Void

  init(_ file: consuming CompleteFile, tell: @escaping @Sendable (SpoolEvent) -> Void) {
    self.file = file
    self.tell = tell
  }

  public var byteCount: UInt64 { file.head.reservation.byteCount }

  /// Bytes from an offset on; all of them are there, or the disk fails.
  public func bytes(at offset: UInt64, count: Int) throws(MailboxReason) -> [UInt8] {
    guard offset <= byteCount, UInt64(count) <= byteCount - offset else { throw .notThere }
    let start = UInt64(DepositHead.byteCount) + offset
    do throws(FileFailure) {
      let bytes = try file.file.bytes(at: start, count: count)
      guard bytes.count == count else {
        throw FileFailure(path: file.file.path, operation: .read, errno: EIO)
      }
      return bytes
    } catch {
      tell(.failed(error))
      throw .busy
    }
  }
}
