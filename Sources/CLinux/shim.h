#ifndef TRENT_CLINUX_SHIM_H
#define TRENT_CLINUX_SHIM_H

#include <sys/epoll.h>
#include <sys/prctl.h>

/* prctl is variadic, which Swift does not import. */
static inline int trent_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

#endif
