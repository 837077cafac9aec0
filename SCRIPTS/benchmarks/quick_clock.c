/* Loaded into a program, lets the time of day run faster for it, from the same moment on for all that are loaded with
   the same environment: QUICK_FACTOR times as fast since QUICK_ORIGIN (seconds of the epoch). Deadlines stay what they
   are. With QUICK_LEAK, each look at the time of day also loses so many bytes: something for SCRIPTS/growth to find. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static long factor, origin, leak;
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result != 0 || clock != CLOCK_REALTIME) return result;
  if (factor == 0) {
    origin = setting("QUICK_ORIGIN");
    leak = setting("QUICK_LEAK");
    factor = setting("QUICK_FACTOR") > 0 ? setting("QUICK_FACTOR") : 1;
  }
  if (leak > 0) {
    void *lost = malloc((size_t)leak);
    if (lost) memset(lost, 1, (size_t)leak);
  }
  if (now->tv_sec < origin) return 0;
  __int128 since = (__int128)(now->tv_sec - origin) * 1000000000 + now->tv_nsec;
  since *= factor;
  now->tv_sec = origin + (long)(since / 1000000000);
  now->tv_nsec = (long)(since % 1000000000);
  return 0;
}
