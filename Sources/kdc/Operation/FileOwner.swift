import Glibc
import Operation

/// Whose the files of a KDC are.
enum FileOwner {
  /// Root goes on as the owner of a file, for good: what root made anew could not be opened by the
  /// KDC any more, which runs as that user.
  static func become(of path: String) throws(OperatorFailure) {
    var status = stat()
    guard geteuid() == 0, unsafe stat(path, &status) == 0, status.st_uid != 0 else { return }
    // Groups before the user, who may not choose them.
    guard adoptGroups(of: status), setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
      let reason = unsafe String(cString: strerror(errno))
      throw OperatorFailure("\(path) is another user's, and root cannot act as that one: \(reason)")
    }
  }

  /// The owner of a file, whose KDC root may speak to; nil for others than root.
  static func forRoot(of path: String) -> UInt32? {
    var status = stat()
    guard geteuid() == 0, unsafe stat(path, &status) == 0 else { return nil }
    return status.st_uid
  }

  private static func adoptGroups(of status: stat) -> Bool {
    guard let user = unsafe getpwuid(status.st_uid) else { return setgroups(0, nil) == 0 }
    return unsafe initgroups(user.pointee.pw_name, status.st_gid) == 0
  }
}
