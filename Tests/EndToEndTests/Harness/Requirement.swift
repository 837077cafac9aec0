import Foundation
import Testing

/// What some tests need of the machine. Where it is missing they are shown as skipped, with the
/// reason; in CI they run all the same, and fail.
struct Requirement: Sendable {
  let isMet: Bool
  let reason: String

  private init(_ reason: String, _ isThere: () throws -> Bool) {
    self.reason = reason
    let isCI = ProcessInfo.processInfo.environment["CI"] == "true"
    isMet = isCI || (try? isThere()) == true
  }

  /// Networks of the test's own, that lose packets.
  static let networks = Requirement(
    "needs root that may make network namespaces, iproute2 and iptables (SCRIPTS/setup)"
  ) {
    let lossy = "iptables -w -A INPUT -m statistic --mode random --probability 0.5 -j DROP"
    try Command.run(["unshare", "-n", "sh", "-c", "ip link add probe type veth && \(lossy)"])
    return true
  }

  /// File systems of the test's own.
  static let disks = Requirement("needs root that may mount file systems, and loop devices") {
    let mount = "d=$(mktemp -d); truncate -s 4m $d/i && mkfs.ext4 -q -F $d/i && mkdir $d/m"
    let end = "umount $d/m; s=$?; rm -r $d; exit $s"
    try Command.run(["unshare", "-m", "sh", "-c", "\(mount) && mount -o loop $d/i $d/m; \(end)"])
    return true
  }

  /// System calls of running programs that fail for some files.
  static let tracing = Requirement("needs root and strace (SCRIPTS/setup)") {
    try Command.run(["strace", "-f", "-qq", "-o", "/dev/null", "true"])
    return geteuid() == 0
  }

  /// A clock that jumps.
  static let clocks = Requirement("needs libfaketime (SCRIPTS/setup)") {
    MovableClock.library != nil
  }

  /// So many open files.
  static func descriptors(_ count: Int) -> Requirement {
    Requirement("needs a limit of \(count) open files or more (ulimit -Hn)") {
      var limit = rlimit()
      guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
        return false
      }
      return limit.rlim_max >= count
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// Runs the test where the machine has what it needs, and shows it as skipped elsewhere.
  static func needs(_ requirement: Requirement) -> Self {
    .enabled(if: requirement.isMet, Comment(rawValue: requirement.reason))
  }
}
