import Foundation

/// What is made to happen to a KDC while it works: a command that runs it.
struct Fault: Sendable, CustomStringConvertible {
  /// For figures: what happens, without the number of the call.
  let kind: String
  let description: String
  /// What stands before the program on its command line.
  let wrapper: [String]

  static let none = Fault(kind: "none", description: "no fault", wrapper: [])

  /// SIGKILL at the entry of one thread's `number`-th system call of a kind.
  static func kill(at point: KillPoint, number: Int, in folder: Folder) -> Fault {
    let calls = point.systemCalls
    return Fault(
      kind: "\(point)", description: "killed at \(point) \(number)",
      wrapper: Strace.command(
        tracing: calls, on: point.files(in: folder),
        injecting: ["\(calls):signal=SIGKILL:when=\(number)"]))
  }

  /// An append fails as on a full disk, and the KDC is killed as it takes the rest away again.
  static func killInRepair(number: Int, in folder: Folder) -> Fault {
    Fault(
      kind: "repair", description: "killed in the repair of append \(number)",
      wrapper: Strace.command(
        tracing: "write,ftruncate", on: [folder.path("pwd.txt")],
        injecting: ["write:error=ENOSPC:when=\(number)", "ftruncate:signal=SIGKILL"]))
  }

  /// Calls that touch the user file fail.
  ///
  /// - Parameter when: which ones of each thread, as strace has it: `3`, `3..5`, `3+`.
  static func failing(_ call: String, with error: String, when: String, in folder: Folder) -> Fault {
    Fault(
      kind: "\(call) \(error)", description: "\(call) fails with \(error), \(when)",
      // The presence file is written without fdatasync; but it is written.
      wrapper: Strace.command(
        tracing: call, on: call == "write" ? [folder.path("pwd.txt")] : [],
        injecting: ["\(call):error=\(error):when=\(when)"]))
  }

  /// No file may grow beyond `bytes`. The write that would is cut short; the next one kills, or
  /// fails with EFBIG.
  static func sizeLimit(_ bytes: Int, isDeadly: Bool) -> Fault {
    let prefix = isDeadly ? [] : ["/usr/bin/env", "--ignore-signal=XFSZ"]
    return Fault(
      kind: "torn write", description: "no file beyond \(bytes) bytes",
      wrapper: prefix + ["/usr/bin/prlimit", "--fsize=\(bytes)"])
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
    case .append, .anyWrite: "write"
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
    case .append, .sync: 1...8
    case .anyWrite: 1...150
    case .wholeSync: 1...9
    case .link, .rename: 1...4
    case .open: 1...16
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
    case .sync, .anyWrite, .wholeSync, .link, .rename: []
    }
  }
}
