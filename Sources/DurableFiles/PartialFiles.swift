internal import Glibc

/// Removes what a killed process may have left of `AtomicFile` beside `path`: files of its hidden
/// names, `.NAME.RANDOM.partial`. Only for who holds the lock of that file: nobody else is writing.
public func removePartialFiles(of path: String) throws(FileFailure) {
  let place = try Destination(path)
  for name in try names(in: place.folder) where place.isHiddenName(name) {
    place.remove(name)
  }
}

/// The names in an open folder, in no order.
func names(in folder: borrowing OpenFile) throws(FileFailure) -> [String] {
  let copy = fcntl(folder.descriptor, F_DUPFD_CLOEXEC, 0)
  guard copy >= 0, let stream = unsafe fdopendir(copy) else {
    throw FileFailure(.open, folder.path)
  }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
      unsafe name.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
        unsafe String(validatingCString: $0)
      }
    }
    if let name { names.append(name) }
  }
  return names
}
