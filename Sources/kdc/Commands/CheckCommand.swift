import ArgumentParser
import Cryptography
import Directory
import KeyDistribution
import Operation
import SystemClock

/// `kdc check`: reads a user file, and changes nothing.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look for damage in a user file, line by line.",
    discussion: """
      Checks form and checksum of every line, and with kdc.key beside the file the seal of every \
      digest and the certificate of every identity key. Changes nothing; the KDC may be serving. \
      The exit code is 1 when something is wrong.
      """)

  @Argument(help: "The user file.", completion: .file())
  var file: String

  func run() throws {
    let keys = try RealmKeys.beside(file)
    let report: UserFileReport
    do throws(DirectoryFailure) {
      report = try UserFileReport(file, keys: keys)
    } catch {
      throw OperatorFailure("\(error)")
    }
    for problem in report.problems { Console.say("\(problem)") }
    if keys == nil {
      Console.say("there is no kdc.key beside \(file): seals and certificates were not checked")
    }
    Console.say(
      "\(report.userCount) users, \(report.lineCount) lines, \(report.problemCount) problems")
    if report.problemCount > 0 { throw ExitCode.failure }
  }
}
