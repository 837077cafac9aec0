import Foundation

/// A name server of this machine, which knows the SRV records of one name and nothing else, and a
/// library that has a program ask it.
final class NameServer: Sendable {
  private static let source = """
    #define _GNU_SOURCE
    #include <arpa/inet.h>
    #include <dlfcn.h>
    #include <resolv.h>
    #include <stdlib.h>
    #include <string.h>

    int __res_ninit(res_state state) {
      int (*real)(res_state) = (int (*)(res_state))dlsym(RTLD_NEXT, "__res_ninit");
      int result = real(state);
      memset(&state->nsaddr_list[0], 0, sizeof state->nsaddr_list[0]);
      state->nsaddr_list[0].sin_family = AF_INET;
      state->nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      state->nsaddr_list[0].sin_port = htons((unsigned short)atoi(getenv("NAME_SERVER_PORT")));
      state->nscount = 1;
      return result;
    }
    """

  private let server: ServerSocket
  /// What makes a program ask this one.
  let environment: [String: String]

  /// - Parameter places: ports of localhost, in the order of their priorities.
  init(_ name: String, places: [UInt16], in folder: Folder) throws {
    server = try ServerSocket(isDatagram: true)
    environment = [
      "LD_PRELOAD": try folder.library("name-server", Self.source),
      "NAME_SERVER_PORT": "\(server.port)",
    ]
    let question = Self.encoded(name) + [0, 33, 0, 1]
    Thread.detachNewThread { [server] in
      while let (request, source) = server.receiveDatagram() {
        server.send(Self.answer(to: request, question, places), to: source)
      }
    }
  }

  /// Ends the thread.
  deinit { shutdown(server.descriptor, Int32(SHUT_RDWR)) }

  private static func encoded(_ name: String) -> [UInt8] {
    name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + [UInt8]($0.utf8) } + [0]
  }

  private static func number(_ number: UInt16) -> [UInt8] {
    [UInt8(number >> 8), UInt8(number & 0xff)]
  }

  /// RFC 1035, 4.1. What follows the question of a request is not looked at.
  private static func answer(
    to request: [UInt8], _ question: [UInt8], _ places: [UInt16]
  ) -> [UInt8] {
    let asked = [UInt8](request.dropFirst(12).prefix(question.count))
    let isKnown = asked == question
    var bytes = [UInt8](request.prefix(2)) + [0x81, isKnown ? 0x80 : 0x83, 0, 1]
    bytes += number(isKnown ? UInt16(places.count) : 0) + [0, 0, 0, 0]
    guard isKnown else {
      let end = request.dropFirst(12).firstIndex(of: 0) ?? request.count - 5
      return bytes + [UInt8](request[12..<min(request.count, end + 5)])
    }
    bytes += question
    for (priority, port) in places.enumerated() {
      let data = number(UInt16(priority)) + [0, 0] + number(port) + encoded("localhost")
      bytes += [0xc0, 0x0c, 0, 33, 0, 1, 0, 0, 0, 60] + number(UInt16(data.count)) + data
    }
    return bytes
  }
}
