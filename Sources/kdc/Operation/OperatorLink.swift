import Directory
import Glibc
import KeyDistribution
import LocalSockets
import Logging
import Operation
import SystemClock
import Wire

/// The way of a command to the files of a KDC: by the KDC that serves, or else by their lock.
struct OperatorLink: ~Copyable {
  private enum Way: ~Copyable {
    case socket(UnixSocket)
    case files(OpenFiles)
  }

  /// Files that this command has opened itself.
  private final class OpenFiles {
    let desk: OperatorDesk
    let directory: any RealmStore
    let log: EventLog?

    init(_ files: RealmFiles, log: EventLog?) {
      desk = OperatorDesk(files) { event, time in log?.write(event, at: time) }
      directory = files.directory
      self.log = log
    }
  }

  /// A rotation takes its time; the KDC is known to live by the connection.
  private static let patience = 3600
  private static let answerLimit = 1 << 20

  private let way: Way

  /// To a KDC that serves, and to no other.
  init(servingAt place: RealmPlace) throws(OperatorFailure) {
    guard let socket = try Self.connect(try Self.existing(place)) else {
      throw OperatorFailure("no KDC serves there")
    }
    way = .socket(socket)
  }

  /// - Parameter replacesKeys: whether `kdc.key` is replaced, which KDCs that share a store do not
  ///   find out while they serve.
  init(
    to place: RealmPlace, replacesKeys: Bool, eventLog: String?, audit: String?, logger: Logger
  ) throws {
    let place = try Self.existing(place)
    var role = RealmFiles.Role.server
    switch place {
    case .files:
      if let socket = try Self.connect(place) {
        way = .socket(socket)
        return
      }
    // A store is for many at a time.
    case .store: role = replacesKeys ? .keeper : .visitor
    }
    try FileOwner.become(of: place.evidence)
    let files = try RealmFiles(at: place, policy: CenterPolicy(), role: role, logger: logger)
    let trail = try audit.map {
      try AuditTrail(path: $0, keys: files.center.keys, logger: logger)
    }
    let log: EventLog? =
      if eventLog != nil || trail != nil {
        try EventLog(path: eventLog ?? "/dev/null", audit: trail) { logger.error("\($0)") }
      } else { nil }
    way = .files(OpenFiles(files, log: log))
  }

  /// A command makes no realm: the name may have a slip.
  private static func existing(_ place: RealmPlace) throws(OperatorFailure) -> RealmPlace {
    guard unsafe access(place.evidence, F_OK) == 0 else {
      switch place {
      case .files(let userFile): throw OperatorFailure("there is no user file \(userFile)")
      case .store(_, let keyFile): throw OperatorFailure("there is no \(keyFile)")
      }
    }
    return place
  }

  /// Nil when no KDC serves there.
  private static func connect(_ place: RealmPlace) throws(OperatorFailure) -> UnixSocket? {
    let path = OperatorSocket.path(beside: place.base)
    guard let socket = UnixSocket.make(), let address = UnixAddress(path: path) else { return nil }
    let descriptor = socket.descriptor
    let connected = unsafe address.withAddress { unsafe Glibc.connect(descriptor, $0, $1) }
    guard connected == 0 else { return nil }
    socket.setPatience(seconds: patience)
    guard socket.isPeerTrusted(orRunBy: FileOwner.forRoot(of: place.evidence)) else {
      throw OperatorFailure("\(path) is served by another user of this machine")
    }
    return socket
  }

  /// - Parameter item: takes each of many values.
  borrowing func ask(
    _ request: OperatorRequest, item: (JSONValue) -> Void = { _ in }
  ) throws(OperatorFailure) -> JSONValue {
    switch way {
    case .files(let files):
      return try files.desk.carryOut(request) {
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
    case .files(let files):
      files.directory.close()
      files.log?.close()
    case .socket: break
    }
  }
}
