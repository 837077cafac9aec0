internal import Glibc
internal import SecretMemory

/// Overwrites a file with zeros, which are on the disk before the file is removed. What is no file
/// of its own (a link, say) is removed as it is.
///
/// Copies that the medium or its file system keeps by itself are out of reach.
///
/// - Returns: whether there was one.
@discardableResult
public func wipeFile(_ path: String) throws(FileFailure) -> Bool {
  var failure: FileFailure?
  do throws(FileFailure) {
    try overwrite(path)
  } catch {
    switch error.errno {
    case ENOENT: return false
    case ELOOP: break
    default: failure = error
    }
  }
  // What could not be overwritten is not left to be found either.
  guard unsafe unlink(path) == 0 || errno == ENOENT else { throw FileFailure(.remove, path) }
  try syncFolder(parentFolder(of: path))
  if let failure { throw failure }
  return true
}

private func overwrite(_ path: String) throws(FileFailure) {
  let file = try OpenFile(path, flags: O_WRONLY | O_NOFOLLOW | O_NOCTTY)
  guard let size = try file.size() else { return }
  let zeros = [UInt8](repeating: 0, count: 4096)
  var rest = size
  while rest > 0 {
    let count = min(rest, UInt64(zeros.count))
    try file.write(zeros.bytes.extracting(first: Int(count)))
    rest -= count
  }
  try file.sync()
}
