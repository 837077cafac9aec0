import Glibc
import LocalSockets
import Testing

/// What systemd is to a service: a socket that is told how it is (sd_notify(3)).
final class ServiceManager: Sendable {
  private let descriptor: Int32
  private let path: String

  /// - Parameter folder: where the socket is.
  init(in folder: Folder) throws {
    path = folder.path("notify")
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    try #require(descriptor >= 0)
    let address = try #require(UnixAddress(path: path))
    let descriptor = descriptor
    let bound = unsafe address.withAddress { unsafe bind(descriptor, $0, $1) }
    try #require(bound == 0)
  }

  deinit { close(descriptor) }

  /// What a service is started with.
  ///
  /// - Parameter watchdog: within how many microseconds it has to say that it is alive.
  func environment(watchdog: Int? = nil) -> [String: String] {
    var environment = ["NOTIFY_SOCKET": path]
    environment["WATCHDOG_USEC"] = watchdog.map(String.init)
    return environment
  }

  /// What it was told next, line by line; nil when there is nothing by now.
  func next() -> [String]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    guard count >= 0 else { return nil }
    return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Waits until it is told a line, and gives all that came with it. What came before is passed
  /// over.
  @discardableResult
  func isTold(_ line: String) async throws -> [String] {
    try await eventually("\(line) to the service manager") {
      while let told = next() {
        if told.contains(line) { return told }
      }
      return nil
    }
  }
}
