/* recvmmsg(2) and sendmmsg(2) are hidden from Swift by a feature macro. */
#define _GNU_SOURCE
#include "datagrams.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef struct {
  struct mmsghdr messages[TRENT_DATAGRAM_LIMIT];
  struct iovec parts[TRENT_DATAGRAM_LIMIT];
} vector;

/* Returns how many there are in the vector. */
static unsigned point_to(const trent_datagram *datagrams, unsigned count, vector *vector) {
  if (count > TRENT_DATAGRAM_LIMIT) count = TRENT_DATAGRAM_LIMIT;
  memset(vector->messages, 0, count * sizeof vector->messages[0]);
  for (unsigned i = 0; i < count; i++) {
    vector->parts[i].iov_base = datagrams[i].bytes;
    vector->parts[i].iov_len = datagrams[i].count;
    vector->messages[i].msg_hdr.msg_name = datagrams[i].address;
    vector->messages[i].msg_hdr.msg_namelen = datagrams[i].address_count;
    vector->messages[i].msg_hdr.msg_iov = &vector->parts[i];
    vector->messages[i].msg_hdr.msg_iovlen = 1;
  }
  return count;
}

int trent_receive_datagrams(int socket, trent_datagram *datagrams, unsigned count) {
  vector vector;
  count = point_to(datagrams, count, &vector);
  int received = recvmmsg(socket, vector.messages, count, MSG_WAITFORONE, NULL);
  for (int i = 0; i < received; i++) {
    datagrams[i].count = vector.messages[i].msg_len;
    datagrams[i].address_count = vector.messages[i].msg_hdr.msg_namelen;
  }
  return received;
}

void trent_send_datagrams(int socket, const trent_datagram *datagrams, unsigned count) {
  vector vector;
  count = point_to(datagrams, count, &vector);
  for (unsigned sent = 0; sent < count;) {
    int result = sendmmsg(socket, vector.messages + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0 && errno == EINTR) continue;
    sent += result > 0 ? (unsigned)result : 1;
  }
}
