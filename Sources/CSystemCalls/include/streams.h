#ifndef TRENT_STREAMS_H
#define TRENT_STREAMS_H

#include <stdint.h>

/* For Swift, which has neither of its own accord: epoll(7), eventfd(2). */
#include <sys/epoll.h>
#include <sys/eventfd.h>

/*
 * The next connection of a listening socket, which does not wait and is closed at exec, or -1, as accept4(2).
 *
 * `address` has room for `*count` bytes and holds the other end's socket address, of `*count` bytes.
 */
int trent_accept(int listener, void *address, uint32_t *count);

#endif
