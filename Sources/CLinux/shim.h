#ifndef TRENT_CLINUX_SHIM_H
#define TRENT_CLINUX_SHIM_H

#include <linux/openat2.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* prctl is variadic, which Swift does not import. */
static inline int trent_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/* Has malloc keep a few MiB that were freed, rather than hand them to the kernel and fault them in again for the next
   buffer of the same size: blocks of up to 4 MiB come out of the heap, of whose top 8 MiB may lie idle. */
static inline void trent_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

/* openat2(2) has no wrapper in glibc. Opens nothing that a path leads to by leaving the folder or
   through a symbolic link of any kind. */
static inline int trent_open_beneath(
    int folder, const char *path, unsigned long long flags, unsigned long long mode) {
  struct open_how how = {
      .flags = flags,
      .mode = mode,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

/* renameat2(2) and its flags are GNU extensions, which Swift does not import. */
static inline int trent_rename(
    int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
  return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

enum {
  TRENT_RENAME_NOREPLACE = 1 << 0,
  TRENT_RENAME_EXCHANGE = 1 << 1,
};

/* syncfs(2) is a GNU extension, too. */
static inline int trent_sync_filesystem(int descriptor) {
  return (int)syscall(SYS_syncfs, descriptor);
}

/* An extension of glibc, which Swift does not import: closes all descriptors from that one on. */
static inline int trent_spawn_closing(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/* pidfd_open(2) has no wrapper in older glibc: something to poll for until a process ends. */
static inline int trent_open_process(int process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

#endif
