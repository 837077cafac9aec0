import Foundation

/// A time of day that jumps while programs run: libfaketime, told by a file. The clocks that nobody
/// can set stay what they are.
final class MovableClock: Sendable {
  /// The library of the package libfaketime, for whatever processor.
  static let library: String? = {
    let libraries = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
    return libraries.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
      .first { FileManager.default.isReadableFile(atPath: $0) }
  }()

  private let folder: Folder
  private let name: String
  /// Where the library's processes share what they know, below /dev/shm. When it has to make that up
  /// itself, it moves the environment, and Swift does not find the program's arguments any more.
  private let shared = "/trent-clock-\(UInt64.random(in: 0...UInt64.max))"
  /// What makes a program go by it.
  let environment: [String: String]

  /// One that tells the true time at first.
  init(_ name: String = "clock", in folder: Folder) throws {
    guard let library = Self.library else { throw TestProblem("libfaketime", code: ENOENT) }
    self.folder = folder
    self.name = name
    environment = [
      "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": folder.path(name),
      "FAKETIME_SHARED": "\(shared)-semaphore \(shared)-memory", "FAKETIME_NO_CACHE": "1",
      "DONT_FAKE_MONOTONIC": "1",
    ]
    try jump(to: .zero)
  }

  deinit {
    unsafe sem_unlink("\(shared)-semaphore")
    unsafe shm_unlink("\(shared)-memory")
  }

  /// From now on it tells the true time and `offset` more, or less.
  func jump(to offset: Duration) throws {
    // In one step: a program that reads half a line takes it for another time.
    let seconds = offset.components.seconds
    let new = try folder.put(Array("\(seconds < 0 ? "" : "+")\(seconds)\n".utf8), at: "\(name).new")
    guard unsafe rename(new, folder.path(name)) == 0 else { throw TestProblem("rename") }
  }
}

extension Duration {
  static func hours(_ count: Int) -> Duration { .seconds(3600 * count) }
  static func days(_ count: Int) -> Duration { hours(24 * count) }
}
