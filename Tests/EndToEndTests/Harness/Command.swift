import Foundation

/// A command of the system, run to its end.
enum Command {
  /// - Parameter words: the command's name, looked up also where administrators' commands are, and
  ///   its arguments.
  /// - Returns: what it has written.
  /// - Throws: when it fails, with what it has written.
  @discardableResult
  static func run(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + words
    let output = Foundation.Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw WaitedInVain(description: "\(words) ended with \(process.terminationStatus): \(text)")
    }
    return text
  }
}
