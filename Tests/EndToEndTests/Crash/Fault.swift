import Foundation

/// What is made to happen to a KDC while it works: a command that runs it.
struct Fault: Sendable, CustomStringConvertible {
  /// For figures: what happens, without the number of the call.
  let kind: String
  let description: String
  /// What stands before the program on its command line.
  let wrapper: [String]
  /// Whether it happens to a KDC that serves, sooner or later.
  var isInService = false
  /// Whether a KDC that meets it may refuse to start.
  var mayEndIt = false

  static let none = Fault(kind: "none", description: "no fault", wrapper: [])

  /// SIGKILL at the entry of one thread's `number`-th system call of a kind.
  static func kill(at point: KillPoint, number: Int, in folder: Folder) -> Fault {
    let calls = point.systemCalls
    return Fault(
      kind: "\(point)", description: "killed at \(point) \(number)",
      wrapper: Strace.command(
        tracing: calls, on: point.files(in: folder),
        injecting: ["\(calls):signal=SIGKILL:when=\(number)"]),
      isInService: point.isInService)
  }

  /// The line that takes a file beyond `bytes` is cut short, and the KDC is killed as it takes the
  /// part that was written away again: the line stays torn.
  static func torn(at bytes: Int) -> Fault {
    Fault(
      kind: "torn", description: "torn at \(bytes) bytes",
      wrapper: sizeLimit(bytes).wrapper
        + Strace.command(
          tracing: "ftruncate", on: [], injecting: ["ftruncate:signal=SIGKILL"]),
      isInService: true, mayEndIt: true)
  }

  /// Every system call of a kind takes some time longer, before it does anything.
  static func delaying(_ call: String, byMilliseconds delay: Int) -> Fault {
    Fault(
      kind: "delay", description: "\(call) takes \(delay) ms",
      wrapper: Strace.command(
        tracing: call, on: [], injecting: ["\(call):delay_enter=\(delay * 1000)"]))
  }

  /// No file may grow beyond `bytes`: the write that would is cut short, and the next one fails
  /// with EFBIG.
  static func sizeLimit(_ bytes: Int) -> Fault {
    Fault(
      kind: "EFBIG", description: "no file beyond \(bytes) bytes",
      wrapper: [
        "/usr/bin/env", "--ignore-signal=XFSZ", "/usr/bin/prlimit", "--fsize=\(bytes)",
      ],
      isInService: true, mayEndIt: true)
  }

  /// Some system calls fail.
  ///
  /// - Parameters:
  ///   - when: which ones of each thread, as strace has it: `3` or `3..5`.
  ///   - files: if there are any, only calls that touch them count.
  static func failing(
    _ calls: String, with error: String, when: String, on files: [String] = []
  ) -> Fault {
    Fault(
      kind: error, description: "\(calls) fails with \(error), \(when)",
      wrapper: Strace.command(
        tracing: calls, on: files, injecting: ["\(calls):error=\(error):when=\(when)"]),
      mayEndIt: true)
  }
}

/// Where a KDC is killed: at the entry of a system call, before it has any effect.
enum KillPoint: CaseIterable, Sendable {
  /// A group of registrations is about to be written.
  case append
  /// It is written and about to be made durable.
  case sync
  /// Anything is about to be written: a line of the log, an answer, a key.
  case anyWrite
  /// Anything is about to be written as the KDC starts: the user file anew, a key.
  case firstWrites
  /// A whole file or a folder is about to be made durable.
  case wholeSync
  /// A new file is about to get its name beside the old one.
  case link
  /// A new file is about to take the old one's place.
  case rename
  /// A file of the folder is about to be opened or made.
  case open

  /// As strace names them; a question mark where not every machine has the call.
  var systemCalls: String {
    switch self {
    case .append, .anyWrite, .firstWrites: "write"
    case .sync: "fdatasync"
    case .wholeSync: "fsync"
    case .link: "linkat"
    case .rename: "?rename,?renameat,?renameat2"
    case .open: "openat"
    }
  }

  /// Which call of a thread can be hit.
  var numbers: ClosedRange<Int> {
    switch self {
    case .append, .sync: 1...20
    case .anyWrite: 1...150
    case .firstWrites: 1...8
    case .wholeSync: 1...7
    case .link, .rename: 1...3
    case .open: 1...13
    }
  }

  /// Whether it happens while a KDC serves, and not as it starts.
  var isInService: Bool { self == .append || self == .sync || self == .anyWrite }

  func files(in folder: Folder) -> [String] {
    switch self {
    case .append: [folder.path("pwd.txt")]
    case .open:
      [folder.path]
        + ["kdc.key", "pwd.txt", "pwd.txt.lock", "pwd.txt.presence"].map(folder.path)
    case .sync, .anyWrite, .firstWrites, .wholeSync, .link, .rename: []
    }
  }
}
