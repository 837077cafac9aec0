#include "services.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

int trent_ask_for_services(
    const char *name, uint32_t server, uint16_t port, uint8_t *answer, int capacity) {
  struct __res_state state;
  memset(&state, 0, sizeof state);
  if (res_ninit(&state) != 0) return TRENT_NO_ANSWER;
  if (server != 0) {
    memset(&state.nsaddr_list[0], 0, sizeof state.nsaddr_list[0]);
    state.nsaddr_list[0].sin_family = AF_INET;
    state.nsaddr_list[0].sin_addr.s_addr = server;
    state.nsaddr_list[0].sin_port = port;
    state.nscount = 1;
  }
  int length = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, capacity);
  int error = length < 0 ? state.res_h_errno : 0;
  res_nclose(&state);
  if (length >= 0) return length;
  return error == HOST_NOT_FOUND || error == NO_DATA ? TRENT_NO_SERVICE : TRENT_NO_ANSWER;
}

int trent_service(
    const uint8_t *answer, int length, int index, uint16_t *numbers, char *target, int capacity) {
  ns_msg message;
  ns_rr record;
  if (ns_initparse(answer, length, &message) != 0) return -2;
  if (index >= ns_msg_count(message, ns_s_an)) return -1;
  if (ns_parserr(&message, ns_s_an, index, &record) != 0) return -2;
  if (ns_rr_type(record) != ns_t_srv || ns_rr_class(record) != ns_c_in) return 0;
  if (ns_rr_rdlen(record) <= 6) return -2;
  const uint8_t *data = ns_rr_rdata(record);
  for (int i = 0; i < 3; i++) numbers[i] = (uint16_t)ns_get16(data + 2 * i);
  int end = ns_name_uncompress(
      ns_msg_base(message), ns_msg_end(message), data + 6, target, (size_t)capacity);
  return end < 0 ? -2 : 1;
}
