#ifndef TRENT_DATAGRAMS_H
#define TRENT_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* The most that one call takes. */
enum { TRENT_DATAGRAM_LIMIT = 32 };

/* One datagram: where its bytes are, and the socket address that it goes to. */
typedef struct {
  const void *bytes;
  size_t count;
  const void *address;
  uint32_t address_count;
} trent_datagram;

/*
 * Sends datagrams with as few system calls as it takes, without waiting. Each is on its own: one that cannot be sent is
 * left out, and those behind it leave.
 */
void trent_send_datagrams(int socket, const trent_datagram *datagrams, unsigned count);

#endif
