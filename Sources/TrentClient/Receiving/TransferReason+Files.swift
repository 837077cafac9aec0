internal import DurableFiles
internal import FileTransfer
internal import Glibc

extension TransferReason {
  /// What the sender is told of a receiver's disk: the kind of trouble, and no path.
  init(_ failure: FileFailure) {
    self =
      switch failure.errno {
      case ENOSPC, EDQUOT: .noSpace
      case EFBIG: .tooLarge
      case ENAMETOOLONG: .nameTooLong
      case EROFS, EACCES, EPERM: .notWritable
      default: .cannotWrite
      }
  }
  init(_ failure: StagingFailure) {
    self =
      switch failure {
      case .exists: .exists
      case .busy: .busy
      case .file(let file): TransferReason(file)
      }
  }
}
