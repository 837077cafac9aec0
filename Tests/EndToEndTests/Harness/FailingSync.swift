/// A library with which a program cannot wait for a disk, after so many times in which it can.
struct FailingSync {
  private static let source = """
    #include <errno.h>
    #include <stdatomic.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    int fdatasync(int file) {
      static atomic_int count;
      if (++count > atoi(getenv("GOOD_SYNCS"))) {
        errno = EIO;
        return -1;
      }
      return (int)syscall(SYS_fdatasync, file);
    }
    """

  let environment: [String: String]

  /// Compiles the library, with the compiler that Swift brings along.
  init(after count: Int, in folder: Folder) throws {
    let library = try folder.library("failing-sync", Self.source)
    environment = ["LD_PRELOAD": library, "GOOD_SYNCS": "\(count)"]
  }
}
