import Foundation
import Testing

/// strace(1), which stops a program at chosen system calls and makes them fail.
enum Strace {
  private static let path = "/usr/bin/strace"

  /// - Parameters:
  ///   - calls: the system calls that are looked at.
  ///   - files: if there are any, only calls that touch them count. A KDC keeps other processes of
  ///     its user from looking into it, so only the superuser's strace can tell: for others every
  ///     call counts.
  ///   - log: where it writes what it has seen, with `(INJECTED)` where it made a call fail.
  static func command(
    tracing calls: String, on files: [String], injecting injections: [String],
    log: String = "/dev/null"
  ) -> [String] {
    let paths = geteuid() == 0 ? files.flatMap { ["-P", $0] } : []
    // -D: the program stays our child, and strace goes when it goes. (With --seccomp-bpf, which
    // would be faster, strace 6.1 counts calls wrongly.)
    return [path, "-f", "-D", "-qq", "-o", log] + paths
      + ["-e", "trace=\(calls)"] + injections.flatMap { ["-e", "inject=\($0)"] }
  }

  /// Whether it is there and may trace. If not, the test says what it leaves out, and fails in CI.
  static func isUsable() async throws -> Bool {
    if let reason = try await reasonAgainst() {
      let text = "the crash tests need strace: \(reason) (SCRIPTS/setup installs it)"
      if ProcessInfo.processInfo.environment["CI"] == "true" {
        Issue.record("\(text)")
      } else {
        print("left out: \(text)")
      }
      return false
    }
    return true
  }

  private static func reasonAgainst() async throws -> String? {
    guard unsafe access(path, X_OK) == 0 else { return "there is no \(path)" }
    let probe = try TracedProgram([path, "-f", "-qq", "-o", "/dev/null", "/bin/true"])
    let status = try await probe.end()
    return status == 0 ? nil : "it ended with \(status): \(probe.errors.text)"
  }
}
