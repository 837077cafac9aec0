#ifndef TRENT_CORES_H
#define TRENT_CORES_H

/* How many cores this process may run on, at least 1. */
int trent_core_count(void);

#endif
