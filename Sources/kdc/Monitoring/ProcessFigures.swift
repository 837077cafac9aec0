import Glibc
import Monitoring

/// What this process uses of the machine. 0 where that is not told.
enum ProcessFigures {
  /// Resident memory in bytes.
  static var memory: Int {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 128)
    let count = unsafe read(descriptor, &text, text.count)
    guard count > 0 else { return 0 }
    let fields = text[..<count].split(separator: UInt8(ascii: " "))
    guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else {
      return 0
    }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// In user and kernel, all threads, in seconds. Whole hundredths, as other users of the machine
  /// see it in /proc: finer, it would time single requests.
  static var processorTime: Double {
    var usage = rusage()
    guard unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
    return ((seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 100).rounded(.down) / 100
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
  }

  static var openDescriptors: Int {
    guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
    defer { unsafe _ = closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // Without ".", ".." and the folder itself.
    return max(0, count - 3)
  }

  static var descriptorLimit: Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    return unsafe getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 0
  }

  /// By the names that Prometheus' own libraries give them.
  static var families: [MetricFamily] {
    [
      MetricFamily(
        "process_cpu_seconds_total", .counter, "Processor time, user and system, in seconds.",
        [.init([], processorTime)]),
      MetricFamily(
        "process_resident_memory_bytes", .gauge, "Resident memory in bytes.", memory),
      MetricFamily("process_open_fds", .gauge, "Open file descriptors.", openDescriptors),
      MetricFamily("process_max_fds", .gauge, "The limit of those.", descriptorLimit),
    ]
  }
}
