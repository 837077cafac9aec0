internal import CLinux
internal import Glibc

/// Switches core dumps of this process off, and keeps other processes of the same user from looking
/// into it (prctl(2), PR_SET_DUMPABLE). Every program that holds secrets calls it first.
public func forbidCoreDumps() {
  var none = rlimit(rlim_cur: 0, rlim_max: 0)
  unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  _ = trent_set_undumpable()
}
