#ifndef TRENT_CLINUX_SHIM_H
#define TRENT_CLINUX_SHIM_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

/* prctl is variadic, which Swift does not import. */
static inline int trent_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/* Has malloc keep a few MiB that were freed, rather than hand them to the kernel and fault them in again for the next
   buffer of the same size: blocks of up to 4 MiB come out of the heap, of whose top 8 MiB may lie idle. */
static inline void trent_keep_freed_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

#endif
