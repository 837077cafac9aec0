import Testing

/// Datagrams that mean nothing, thousands a second.
struct JunkFlood {
  private static let source = """
    #define _GNU_SOURCE
    #include <arpa/inet.h>
    #include <poll.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/socket.h>
    #include <time.h>
    #include <unistd.h>

    static double now(void) {
      struct timespec time;
      clock_gettime(CLOCK_MONOTONIC, &time);
      return time.tv_sec + time.tv_nsec / 1e9;
    }

    /* PORT RATE: until the input ends; then tells how many have gone in how many seconds, and how
       many answers have come. */
    int main(int count, char **words) {
      struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
      target.sin_addr.s_addr = htonl(0x7f000001);
      double rate = atof(words[2]), begin = now();
      static unsigned char junk[1 << 16];
      for (size_t i = 0; i < sizeof junk; i++) junk[i] = (unsigned char)random();
      int sockets[16];
      for (int i = 0; i < 16; i++) sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
      struct pollfd input = {.fd = 0, .events = POLLIN};
      long sent = 0;
      while (poll(&input, 1, 1) == 0) {
        for (long due = (now() - begin) * rate; sent < due; sent++) {
          unsigned char *start = junk + random() % 60000;
          /* Version and type of every message there is; lengths about that of key requests. */
          start[0] = 1;
          start[1] = sent % 10;
          size_t length = sent % 3 ? 300 + random() % 300 : random() % 1400;
          sendto(sockets[sent % 16], start, length, 0, (struct sockaddr *)&target, sizeof target);
        }
      }
      double seconds = now() - begin;
      int answers = 0;
      for (int i = 0; i < 16; i++)
        while (recv(sockets[i], junk, sizeof junk, MSG_DONTWAIT) > 0) answers++;
      printf("%ld %.3f %d\\n", sent, seconds, answers);
    }
    """

  private let program: Program

  init(at port: UInt16, perSecond rate: Int, on stage: Stage) throws {
    let path = try stage.folder.program("flood", Self.source)
    program = try stage.start([path, "\(port)", "\(rate)"], input: .pipe)
  }

  /// Nobody must have answered.
  ///
  /// - Returns: how many there were a second.
  func end() async throws -> Int {
    program.closeInput()
    try await program.expectExit(0)
    let figures = program.output.text.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
    try #require(figures.count == 3 && figures[1] > 0)
    #expect(figures[2] == 0)
    return Int(figures[0] / figures[1])
  }
}
