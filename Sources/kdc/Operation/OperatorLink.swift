import Directory
import Glibc
import KeyDistribution
import Logging
import Operation
import SystemClock
import Wire

/// The way of a command to the files of a KDC: by the KDC that serves, or else by their lock.
struct OperatorLink: ~Copyable {
  private enum Way: ~Copyable {
    case socket(UnixSocket)
    case files(OperatorDesk, FileDirectory, EventLog?)
  }

  /// A rotation takes its time; the KDC is known to live by the connection.
  private static let patience = 3600
  private static let answerLimit = 1 << 20

  private let way: Way

  /// To a KDC that serves, and to no other.
  init(servingAt userFile: String) throws(OperatorFailure) {
    guard let socket = try Self.connect(try Self.existing(userFile)) else {
      throw OperatorFailure("no KDC serves there")
    }
    way = .socket(socket)
  }

  init(userFile: String, eventLog: String?, audit: String?, logger: Logger) throws {
    let userFile = try Self.existing(userFile)
    if let socket = try Self.connect(userFile) {
      way = .socket(socket)
      return
    }
    try FileOwner.become(of: userFile)
    let files = try RealmFiles(userFile: userFile, policy: CenterPolicy(), logger: logger)
    let trail = try audit.map {
      try AuditTrail(path: $0, keys: files.center.keys, logger: logger)
    }
    let log: EventLog? =
      if eventLog != nil || trail != nil {
        try EventLog(path: eventLog ?? "/dev/null", audit: trail) { logger.error("\($0)") }
      } else { nil }
    way = .files(
      OperatorDesk(files) { event, time in log?.write(event, at: time) }, files.directory, log)
  }

  /// A command makes no realm: the name may have a slip.
  private static func existing(_ userFile: String) throws(OperatorFailure) -> String {
    guard unsafe access(userFile, F_OK) == 0 else {
      throw OperatorFailure("there is no user file \(userFile)")
    }
    return userFile
  }

  /// Nil when no KDC serves there.
  private static func connect(_ userFile: String) throws(OperatorFailure) -> UnixSocket? {
    // The KDC follows links: its socket is beside the file itself, its key beside the link.
    let path = OperatorSocket.path(besideUserFile: UserFile.resolved(userFile))
    guard let socket = UnixSocket.make() else { return nil }
    let descriptor = socket.descriptor
    let connected = unsafe UnixSocket.withAddress(of: path) {
      unsafe Glibc.connect(descriptor, $0, $1)
    }
    guard connected == 0 else { return nil }
    socket.setPatience(seconds: patience)
    guard socket.isPeerTrusted() else {
      throw OperatorFailure("\(path) is served by another user of this machine")
    }
    return socket
  }

  /// - Parameter item: takes each of many values.
  borrowing func ask(
    _ request: OperatorRequest, item: (JSONValue) -> Void = { _ in }
  ) throws(OperatorFailure) -> JSONValue {
    switch way {
    case .files(let desk, _, _):
      return try desk.carryOut(request) {
        item($0)
        return true
      }
    case .socket(let socket):
      guard socket.write([UInt8]("\(request.json)\n".utf8)) else { throw Self.gone }
      var buffer: [UInt8] = []
      while let line = socket.readLine(&buffer, limit: Self.answerLimit) {
        guard let answer = try? JSONValue(line) else { throw Self.gone }
        if let value = answer["item"] {
          item(value)
        } else if let error = answer["error"]?.text {
          throw OperatorFailure(error)
        } else if let done = answer["done"] {
          return done
        } else {
          throw Self.gone
        }
      }
      throw Self.gone
    }
  }

  private static var gone: OperatorFailure {
    OperatorFailure(
      "the KDC has ended, or did not answer; whether the change was made is not known")
  }

  /// Waits until everything is on the disk.
  consuming func close() {
    switch consume way {
    case .files(_, let directory, let log):
      directory.close()
      log?.close()
    case .socket: break
    }
  }
}
