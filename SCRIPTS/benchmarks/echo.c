/*
 * The floor: a server that answers 434 bytes with 1171 and does nothing else, and a load for it. What a KDC's key
 * request costs over this is its own doing.
 *
 *   echo serve               listens by UDP and TCP on a free port of 127.0.0.1 and prints it
 *   echo load PORT udp|tcp|tcp-connect CONCURRENCY COUNT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKED = 434, ANSWERED = 1171, BATCH = 32, EVENTS = 512, HEAD = 2 };

static unsigned char buffer[BATCH][2048];

static void need(int holds, const char *what) {
  if (!holds) { perror(what); exit(1); }
}

static int opened(int type, int port, int listens) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1, s = socket(AF_INET, type | (listens ? SOCK_NONBLOCK : 0), 0);
  need(s >= 0, "socket");
  if (type == SOCK_STREAM) setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int done = listens ? bind(s, (void *)&address, sizeof address) : connect(s, (void *)&address, sizeof address);
  need(done == 0, listens ? "bind" : "connect");
  if (listens && type == SOCK_STREAM) need(listen(s, 4096) == 0, "listen");
  return s;
}

static void await(int poll, int s) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = s};
  need(epoll_ctl(poll, EPOLL_CTL_ADD, s, &event) == 0, "epoll_ctl");
}

static void answer_datagrams(int s) {
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  static struct sockaddr_in senders[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){buffer[i], sizeof buffer[i]};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &senders[i], .msg_namelen = sizeof senders[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(s, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) parts[i].iov_len = ANSWERED;
  for (int sent = 0; sent < count;) {
    int n = sendmmsg(s, messages + sent, count - sent, 0);
    if (n <= 0) break;
    sent += n;
  }
}

static int serve(void) {
  int streams = opened(SOCK_STREAM, 0, 1);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  getsockname(streams, (void *)&address, &size);
  int port = ntohs(address.sin_port), datagrams = opened(SOCK_DGRAM, port, 1), poll = epoll_create1(0);
  await(poll, streams);
  await(poll, datagrams);
  printf("%d\n", port);
  fflush(stdout);
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(poll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int s = events[i].data.fd;
      if (s == datagrams) {
        answer_datagrams(s);
      } else if (s == streams) {
        for (int c; (c = accept4(s, NULL, NULL, SOCK_NONBLOCK)) >= 0;) await(poll, c);
      } else if (recv(s, buffer[0], sizeof buffer[0], 0) <= 0) {
        close(s);
      } else {
        buffer[0][0] = ANSWERED >> 8, buffer[0][1] = ANSWERED & 255;
        send(s, buffer[0], HEAD + ANSWERED, MSG_NOSIGNAL);
      }
    }
  }
}

static int load(int port, const char *how, int concurrency, int count) {
  int type = strcmp(how, "udp") ? SOCK_STREAM : SOCK_DGRAM, keeps = strcmp(how, "tcp-connect") != 0;
  int head = type == SOCK_STREAM ? HEAD : 0, poll = epoll_create1(0), sent = 0, answered = 0;
  for (; sent < concurrency && sent < count; sent++) {
    int s = opened(type, port, 0);
    await(poll, s);
    send(s, buffer[0], head + ASKED, 0);
  }
  struct epoll_event events[EVENTS];
  while (answered < count) {
    int ready = epoll_wait(poll, events, EVENTS, 5000);
    need(ready > 0, "no answer");
    for (int i = 0; i < ready; i++) {
      int s = events[i].data.fd;
      if (recv(s, buffer[1], sizeof buffer[1], 0) <= 0) need(0, "recv");
      answered++;
      if (sent == count) continue;
      sent++;
      if (!keeps) {
        close(s);
        await(poll, s = opened(type, port, 0));
      }
      send(s, buffer[0], head + ASKED, 0);
    }
  }
  return 0;
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "serve")) return serve();
  if (count == 6 && !strcmp(words[1], "load"))
    return load(atoi(words[2]), words[3], atoi(words[4]), atoi(words[5]));
  fputs("echo serve | echo load PORT udp|tcp|tcp-connect CONCURRENCY COUNT\n", stderr);
  return 64;
}
