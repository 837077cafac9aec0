#ifndef TRENT_CRESOLVER_SERVICES_H
#define TRENT_CRESOLVER_SERVICES_H

#include <stdint.h>

enum {
  /* There is no such name, or it has no such records. */
  TRENT_NO_SERVICE = -1,
  /* The name service does not answer, or cannot tell. */
  TRENT_NO_ANSWER = -2,
  /* The longest name, with its end. */
  TRENT_NAME_CAPACITY = 1025,
};

/* Asks for the SRV records of a name, as the system is set up to ask. What resolv.h offers for that
   are macros and structures with unions, which Swift does not import.

   server, port: the IPv4 address of the one name server to ask, in the order of the network; 0:
   those of the system. Returns the length of the answer, or one of the above. */
int trent_ask_for_services(
    const char *name, uint32_t server, uint16_t port, uint8_t *answer, int capacity);

/* The SRV record at an index among the records of an answer (RFC 2782): its priority, weight and
   port, and its target. Returns 1; 0 for a record of another type; -1 after the last one; -2 when
   the answer is damaged. */
int trent_service(
    const uint8_t *answer, int length, int index, uint16_t *numbers, char *target, int capacity);

#endif
