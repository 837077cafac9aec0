/* accept4(2) is hidden from Swift by a feature macro. */
#define _GNU_SOURCE
#include "streams.h"

#include <sys/socket.h>

int trent_accept(int listener, void *address, uint32_t *count) {
  return accept4(listener, address, count, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
