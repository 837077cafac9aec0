import Foundation
import Testing

/// Very many connections to a port of this machine that say nothing, from many of its addresses, as
/// from many machines.
struct IdleCrowd {
  private static let source = """
    #define _GNU_SOURCE
    #include <arpa/inet.h>
    #include <poll.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/resource.h>
    #include <sys/socket.h>
    #include <unistd.h>

    static struct sockaddr_in at(unsigned host, int port) {
      struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
      address.sin_addr.s_addr = htonl(0x7f000000 + host);
      return address;
    }

    /* PORT COUNT BYTES: each says so many bytes of a frame that is longer, and no more. Then, for
       each line of input, tells how many are open. */
    int main(int count, char **words) {
      int port = atoi(words[1]), wanted = atoi(words[2]), said = atoi(words[3]);
      struct rlimit limit;
      getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = limit.rlim_max;
      setrlimit(RLIMIT_NOFILE, &limit);
      struct pollfd *all = calloc(wanted, sizeof *all);
      const char frame[] = {0, 42, 1, 1};
      for (int i = 0; i < wanted; i++) {
        struct sockaddr_in source = at(0x100 + i / 200, 0), target = at(1, port);
        all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        all[i].events = POLLRDHUP;
        if (all[i].fd < 0 || bind(all[i].fd, (struct sockaddr *)&source, sizeof source) != 0
            || connect(all[i].fd, (struct sockaddr *)&target, sizeof target) != 0
            || send(all[i].fd, frame, said, MSG_NOSIGNAL) != said)
          return perror("connection"), 1;
      }
      char line[16];
      do {
        int open = 0;
        poll(all, wanted, 0);
        for (int i = 0; i < wanted; i++) open += all[i].revents == 0;
        printf("open %d\\n", open);
        fflush(stdout);
      } while (fgets(line, sizeof line, stdin) != NULL);
    }
    """

  private let program: Program

  /// Opens them all.
  ///
  /// - Parameter saying: how many bytes of a message each says that it never ends.
  init(of count: Int, at port: UInt16, saying byteCount: Int = 0, on stage: Stage) async throws {
    let path = try stage.folder.program("crowd", Self.source)
    let program = try stage.start([path, "\(port)", "\(count)", "\(byteCount)"], input: .pipe)
    self.program = program
    _ = try await eventually("\(count) connections", report: program.report) {
      guard program.exitStatus == nil else { throw WaitedInVain(description: program.report) }
      return program.output.lines.first
    }
  }

  /// How many of them the other end has not closed.
  func openCount() async throws -> Int {
    let count = program.output.lines.count
    program.write([10])
    let line = try await eventually("a count", report: program.report) {
      program.output.lines.count > count ? program.output.lines.last : nil
    }
    return try #require(line.split(separator: " ").last.flatMap { Int($0) })
  }

  /// Waits until all are closed.
  func expectToBeClosed() async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    var count: Int
    repeat { count = try await openCount() } while count > 0 && ContinuousClock.now < deadline
    #expect(count == 0)
  }

  func leave() async throws {
    program.closeInput()
    try await program.expectExit(0)
  }
}
