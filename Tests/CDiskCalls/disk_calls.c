#define _GNU_SOURCE
#include "disk_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic(trent_disk_handler) watcher;

/* A sanitizer's own versions, which have to see what is not ours; libc's otherwise. */
#define NEXT(type, name, ...)                                                                          \
  typedef type (*name##_call)(__VA_ARGS__);                                                            \
  static name##_call next_##name(void) {                                                               \
    static _Atomic(name##_call) known;                                                                 \
    name##_call call = atomic_load(&known);                                                            \
    if (!call) {                                                                                       \
      call = (name##_call)dlsym(RTLD_DEFAULT, "___interceptor_" #name);                                \
      if (!call) call = (name##_call)dlsym(RTLD_DEFAULT, "__interceptor_" #name);                      \
      if (!call) call = (name##_call)dlsym(RTLD_NEXT, #name);                                          \
      atomic_store(&known, call);                                                                      \
    }                                                                                                  \
    return call;                                                                                       \
  }

NEXT(ssize_t, write, int, const void *, size_t)
NEXT(ssize_t, pwrite, int, const void *, size_t, off_t)
NEXT(int, fsync, int)
NEXT(int, fdatasync, int)
NEXT(int, ftruncate, int, off_t)

void trent_disk_watch(trent_disk_handler handler) { atomic_store(&watcher, handler); }

long trent_disk_write(int descriptor, const void *bytes, size_t count, off_t offset) {
  ssize_t done = offset < 0 ? next_write()(descriptor, bytes, count) : next_pwrite()(descriptor, bytes, count, offset);
  return done < 0 ? -errno : done;
}

long trent_disk_cut(int descriptor, off_t length) { return next_ftruncate()(descriptor, length) < 0 ? -errno : 0; }

/* The handler, if the descriptor leads to a simulated disk. */
static trent_disk_handler handler_of(int descriptor, char *path, size_t room) {
  trent_disk_handler handler = atomic_load(&watcher);
  if (!handler) return NULL;
  char link[40];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, room - 1);
  errno = before;
  if (count < (ssize_t)strlen(TRENT_DISK_PREFIX)) return NULL;
  path[count] = 0;
  return strncmp(path, TRENT_DISK_PREFIX, strlen(TRENT_DISK_PREFIX)) == 0 ? handler : NULL;
}

static long ended(long result) {
  if (result >= 0) return result;
  errno = (int)-result;
  return -1;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  char path[512];
  trent_disk_handler handler = handler_of(descriptor, path, sizeof path);
  if (!handler) return next_write()(descriptor, bytes, count);
  return ended(handler(TRENT_DISK_WRITE, descriptor, path, bytes, count, -1));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  char path[512];
  trent_disk_handler handler = handler_of(descriptor, path, sizeof path);
  if (!handler) return next_pwrite()(descriptor, bytes, count, offset);
  return ended(handler(TRENT_DISK_WRITE, descriptor, path, bytes, count, offset));
}

int fsync(int descriptor) {
  char path[512];
  trent_disk_handler handler = handler_of(descriptor, path, sizeof path);
  if (!handler) return next_fsync()(descriptor);
  return (int)ended(handler(TRENT_DISK_SYNC, descriptor, path, NULL, 0, -1));
}

int fdatasync(int descriptor) {
  char path[512];
  trent_disk_handler handler = handler_of(descriptor, path, sizeof path);
  if (!handler) return next_fdatasync()(descriptor);
  return (int)ended(handler(TRENT_DISK_SYNC, descriptor, path, NULL, 0, -1));
}

int ftruncate(int descriptor, off_t length) {
  char path[512];
  trent_disk_handler handler = handler_of(descriptor, path, sizeof path);
  if (!handler) return next_ftruncate()(descriptor, length);
  return (int)ended(handler(TRENT_DISK_CUT, descriptor, path, NULL, 0, length));
}
