import CDiskCalls
import Dispatch
import Glibc
import Synchronization

/// The disk of one machine. Programs write to it as to any other: their system calls come here. It
/// can be told to fail at a call that changes it or waits for it: before, in the middle or after.
/// From then on nothing that the program does counts, until it is started anew from what is there.
///
/// After a program's death that is everything that it has written; after the machine's, what was
/// waited for, and of the rest whatever it pleases the disk to have.
final class SimulatedDisk: Sendable {
  /// What ends a process.
  enum Death {
    case program
    case machine
  }

  private struct State {
    var random: SeededRandom
    /// Every start has a folder of its own.
    var starts = 0
    /// What a power failure leaves for certain.
    var durable = DiskTree()
    /// After how many calls the program dies.
    var countdown: Int?
    /// What there is at the moment of death; nil while the program lives.
    var remains: DiskTree?
    /// How many writes in a thousand find no room, and the program goes on.
    var failures = 0
    /// A planted bug: what is waited for is not on the disk, of paths with this in them.
    var forgotten: String?
    var callCount = 0
  }

  private let base: String
  private let state: Mutex<State>
  /// Told of each write to a file that nobody waits for.
  private let loosely = DispatchSemaphore(value: 0)

  private static let disks = Mutex<[String: SimulatedDisk]>([:])
  private static let numbers = Atomic<Int>(0)

  init(random: SeededRandom, failures: Int = 0, forgetting forgotten: String? = nil) {
    let number = Self.numbers.add(1, ordering: .relaxed).newValue
    base = "\(TRENT_DISK_PREFIX)\(getpid())-\(number)"
    state = Mutex(State(random: random, failures: failures, forgotten: forgotten))
    guard unsafe mkdir(base, 0o700) == 0, unsafe mkdir("\(base)/0", 0o700) == 0 else {
      preconditionFailure("no folder can be made for a simulated disk")
    }
    state.withLock { $0.durable = DiskTree(at: "\(base)/0") }
    Self.disks.withLock { $0[base] = self }
    unsafe trent_disk_watch { call, descriptor, path, bytes, count, offset in
      guard let path = unsafe path else { return -Int(EIO) }
      return unsafe SimulatedDisk.handle(
        call, descriptor, String(cString: path),
        UnsafeRawBufferPointer(start: bytes, count: count), offset)
    }
  }

  /// Nobody uses it any more.
  func remove() {
    _ = Self.disks.withLock { $0.removeValue(forKey: base) }
    Self.removeAll(base)
  }

  private static func removeAll(_ path: String) {
    for name in DiskTree.entries(of: path).keys {
      let path = "\(path)/\(name)"
      if DiskTree.isFolder(path) { removeAll(path) } else { unsafe unlink(path) }
    }
    unsafe rmdir(path)
  }

  /// The folder that it is, for as long as the program lives.
  var path: String { state.withLock { "\(base)/\($0.starts)" } }

  var isDead: Bool { state.withLock { $0.remains != nil } }

  /// How many writes in a thousand find no room from now on.
  func runOutOfSpace(_ permille: Int) { state.withLock { $0.failures = permille } }

  var callCount: Int { state.withLock { $0.callCount } }

  /// The program dies at the call that comes after so many others.
  func die(after calls: Int) { state.withLock { $0.countdown = calls } }

  /// The program dies now.
  func die() { state.withLock { Self.die(&$0, base) } }

  private static func die(_ state: inout State, _ base: String) {
    guard state.remains == nil else { return }
    state.countdown = nil
    state.remains = DiskTree(at: "\(base)/\(state.starts)")
  }

  /// A new process begins with what is there. The one before has let go of its files.
  func restart(after death: Death) {
    state.withLock { state in
      guard let remains = state.remains else { return }
      let former = "\(base)/\(state.starts)"
      state.starts += 1
      let path = "\(base)/\(state.starts)"
      switch death {
      case .program:
        let numbers = remains.write(to: path)
        state.durable = state.durable.renumbered(numbers)
      case .machine:
        var chance = PowerFailure(before: state.durable, at: remains, state.random)
        let left = chance.left()
        state.random = chance.random
        _ = left.write(to: path)
        state.durable = DiskTree(at: path)
      }
      state.remains = nil
      Self.removeAll(former)
    }
  }

  /// Waits until something was written that nobody waits for.
  func waitForLooseWrite() { loosely.wait() }

  // MARK: System calls

  private static func handle(
    _ call: trent_disk_call, _ descriptor: Int32, _ path: String,
    _ bytes: UnsafeRawBufferPointer, _ offset: Int
  ) -> Int {
    let parts = path.split(separator: "/", maxSplits: 4)
    // The folder above is there for good.
    guard parts.count > 3 else { return 0 }
    guard
      let disk = disks.withLock({ $0["/" + parts[..<3].joined(separator: "/")] })
    else { return -Int(EIO) }
    defer { if call == TRENT_DISK_WRITE, path.hasSuffix(".presence") { disk.loosely.signal() } }
    return unsafe disk.handle(call, descriptor, path, bytes, offset, folder: String(parts[3]))
  }

  private func handle(
    _ call: trent_disk_call, _ descriptor: Int32, _ path: String,
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, folder: String
  ) -> Int {
    state.withLock { state in
      // Nothing of a process that is gone counts.
      guard state.remains == nil, folder == "\(state.starts)" else { return -Int(EIO) }
      state.callCount += 1
      if let countdown = state.countdown {
        state.countdown = countdown - 1
        if countdown <= 0 {
          if state.random.chance(600) {
            let count = state.random.chance(500) ? bytes.count : state.random.below(bytes.count + 1)
            _ = unsafe Self.carryOut(
              call, descriptor, path, UnsafeRawBufferPointer(rebasing: bytes[..<count]), offset,
              &state)
          }
          Self.die(&state, base)
          return -Int(EIO)
        }
      }
      if call == TRENT_DISK_WRITE, state.failures > 0, state.random.chance(state.failures) {
        return -Int(ENOSPC)
      }
      return unsafe Self.carryOut(call, descriptor, path, bytes, offset, &state)
    }
  }

  private static func carryOut(
    _ call: trent_disk_call, _ descriptor: Int32, _ path: String,
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ state: inout State
  ) -> Int {
    switch call {
    case TRENT_DISK_WRITE:
      return unsafe trent_disk_write(descriptor, bytes.baseAddress, bytes.count, offset)
    case TRENT_DISK_CUT:
      return trent_disk_cut(descriptor, offset)
    default:
      if let forgotten = state.forgotten, path.hasSuffix(forgotten) { return 0 }
      let inode = DiskTree.inode(of: descriptor)
      let link = "/proc/self/fd/\(descriptor)"
      if DiskTree.isFolder(link) {
        state.durable.folders[inode] = DiskTree.entries(of: link)
      } else {
        state.durable.files[inode] = DiskTree.content(of: link)
      }
      return 0
    }
  }
}

/// Writes all of something, past the simulated disk.
func trentWrite(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
  unsafe bytes.isEmpty || trent_disk_write(descriptor, bytes, bytes.count, -1) == bytes.count
}
