#ifndef TRENT_DISK_CALLS_H
#define TRENT_DISK_CALLS_H

#include <stddef.h>
#include <sys/types.h>

/* Everything below a folder whose path begins so is on a simulated disk. */
#define TRENT_DISK_PREFIX "/dev/shm/trent-simulated-"

enum trent_disk_call { TRENT_DISK_WRITE, TRENT_DISK_SYNC, TRENT_DISK_CUT };

/* Does a call, or does something else: what it returns is the call's result, or the negated error number.

   path: where the descriptor leads to.
   offset: where to write; the length to cut to; -1 at the descriptor's place. */
typedef long (*trent_disk_handler)(
    enum trent_disk_call call, int descriptor, const char *path, const void *bytes, size_t count, off_t offset);

/* From now on, calls of this process that change a file on a simulated disk, or wait for one, go to the handler. This
   library's write(2), pwrite(2), fsync(2), fdatasync(2) and ftruncate(2) take the place of libc's for the whole
   program; whatever is on no simulated disk goes to the kernel as ever. */
void trent_disk_watch(trent_disk_handler handler);

/* What write(2) and pwrite(2) do otherwise: -1 for the descriptor's place. Negated error numbers. */
long trent_disk_write(int descriptor, const void *bytes, size_t count, off_t offset);

/* What ftruncate(2) does otherwise. */
long trent_disk_cut(int descriptor, off_t length);

#endif
