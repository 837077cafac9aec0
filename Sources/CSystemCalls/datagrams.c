/* sendmmsg(2) is hidden from Swift by a feature macro. */
#define _GNU_SOURCE
#include "datagrams.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

void trent_send_datagrams(int socket, const trent_datagram *datagrams, unsigned count) {
  struct mmsghdr messages[TRENT_DATAGRAM_LIMIT];
  struct iovec parts[TRENT_DATAGRAM_LIMIT];
  if (count > TRENT_DATAGRAM_LIMIT) count = TRENT_DATAGRAM_LIMIT;
  memset(messages, 0, count * sizeof messages[0]);
  for (unsigned i = 0; i < count; i++) {
    parts[i].iov_base = (void *)datagrams[i].bytes;
    parts[i].iov_len = datagrams[i].count;
    messages[i].msg_hdr.msg_name = (void *)datagrams[i].address;
    messages[i].msg_hdr.msg_namelen = datagrams[i].address_count;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (unsigned sent = 0; sent < count;) {
    int result = sendmmsg(socket, messages + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0 && errno == EINTR) continue;
    sent += result > 0 ? (unsigned)result : 1;
  }
}
