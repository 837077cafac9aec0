import Foundation

/// The programs under test.
enum ProgramFile: String {
  case kdc, client, mailbox
  case kdcLoad = "kdc-load"
  // The programs of the library's documentation.
  case exampleSender = "example-sender"
  case exampleOwnConnection = "example-own-connection"

  var path: String { "\(Self.folder)/\(rawValue)" }

  /// Where the build has put them: beside the test bundle, which runs as a program of its own.
  private static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["TRENT_PROGRAMS"] { return folder }
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return ((bundle ?? CommandLine.arguments[0]) as NSString).deletingLastPathComponent
  }()
}
