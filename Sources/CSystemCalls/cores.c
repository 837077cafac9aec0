/* sched_getaffinity(2) is hidden from Swift by a feature macro. */
#define _GNU_SOURCE
#include "cores.h"

#include <sched.h>
#include <unistd.h>

int trent_core_count(void) {
  cpu_set_t cores;
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
  return online > 0 ? (int)online : 1;
}
