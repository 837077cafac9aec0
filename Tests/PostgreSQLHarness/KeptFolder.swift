import Foundation
import Synchronization

/// A temporary folder with a keeper: a process that starts the server in it as often as it is told,
/// and when this process ends, however it does, ends the server and removes the folder.
final class KeptFolder: Sendable {
  let path: String
  private let keeper: pid_t
  /// The keeper reads from it, a line for each start, and knows by its end that it is over.
  private let line: Mutex<Int32?>

  /// What belongs to a server that does not run any more is what its last one was. Its processes may
  /// have been stopped.
  private static let script = """
    cd "$0" || exit 1
    folder=$0
    server=
    while read -r _; do
      "$@" >>log 2>&1 </dev/null &
      server=$!
    done
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
      kill -CONT "$server" $(cat "/proc/$server/task/$server/children")
      kill -QUIT "$server"
    fi
    wait
    cd / && rm -rf "$folder"
    """

  /// - Parameter server: makes the words that start the server out of the path of the folder.
  init(server: (_ path: String) throws -> [String]) throws {
    var template = Array("/tmp/trent-pg-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw PostgreSQLProblem("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    if let owner = try PostgreSQLPrograms.owner() {
      unsafe chown(path, owner.user, owner.group)
    }
    let pipe = try ClosingPipe()
    keeper = try PostgreSQLPrograms.spawn(
      ["/bin/sh", "-c", Self.script, path] + server(path), input: pipe.readingEnd)
    close(pipe.readingEnd)
    line = Mutex(pipe.writingEnd)
  }

  deinit { end() }

  /// Has the server started.
  func startServer() {
    line.withLock { line in
      if let line { _ = unsafe write(line, "\n", 1) }
    }
  }

  /// Ends the server, removes the folder, and waits for that.
  func end() {
    let isOpen = line.withLock { line in
      if let line { close(line) }
      defer { line = nil }
      return line != nil
    }
    if isOpen { PostgreSQLPrograms.status(of: keeper) }
  }
}
