#ifndef TRENT_DATAGRAMS_H
#define TRENT_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

/* The most that one call takes. */
enum { TRENT_DATAGRAM_LIMIT = 32 };

/* One datagram: where its bytes are, and the socket address that it comes from or goes to. */
typedef struct {
  void *bytes;
  size_t count;
  void *address;
  uint32_t address_count;
} trent_datagram;

/*
 * Waits for datagrams and takes as many as are there, at most `count` and TRENT_DATAGRAM_LIMIT: bytes and addresses are
 * written to where each slot points, which has room for as many as it says; the slot then says how many there are. What
 * is longer is cut off.
 *
 * Returns how many there are, or -1, as recvmmsg(2).
 */
int trent_receive_datagrams(int socket, trent_datagram *datagrams, unsigned count);

/*
 * Sends datagrams with as few system calls as it takes, without waiting. Each is on its own: one that cannot be sent is
 * left out, and those behind it leave.
 */
void trent_send_datagrams(int socket, const trent_datagram *datagrams, unsigned count);

#endif
