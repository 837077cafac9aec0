/// A library that keeps a program from putting a file of one name in its place.
struct FailingRename {
  private static let source = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    static int is_meant(const char *path) {
      const char *name = strrchr(path, '/');
      return strcmp(name ? name + 1 : path, getenv("FAILING_RENAME")) == 0;
    }

    int renameat(int from, const char *old, int to, const char *new) {
      if (is_meant(new)) {
        errno = EIO;
        return -1;
      }
      return (int)syscall(SYS_renameat2, from, old, to, new, 0);
    }

    int rename(const char *old, const char *new) { return renameat(-100, old, -100, new); }
    """

  let environment: [String: String]

  /// Compiles the library, with the compiler that Swift brings along.
  init(to name: String, in folder: Folder) throws {
    let library = try folder.library("failing-rename", Self.source)
    environment = ["LD_PRELOAD": library, "FAILING_RENAME": name]
  }
}
