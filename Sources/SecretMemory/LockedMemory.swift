internal import Glibc
internal import Synchronization

/// A little memory that is never swapped out and comes into no core dump, for secrets of up to 256
/// bytes: keys, digests, passphrases. Where the limit (`RLIMIT_MEMLOCK`) allows less than a MiB,
/// there is less of it; when all of it is in use, secrets lie elsewhere.
enum LockedMemory {
  static let largestBlock = 256
  private static let smallestBlock = 32

  @safe
  private struct Region: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let byteCount: Int
  }

  /// What is free in the region. A free block begins with the end of the next one of its size.
  private struct Blocks {
    /// By size; where a block begins, and one more; 0: none.
    var free: InlineArray<4, Int> = [0, 0, 0, 0]
    /// From here on nothing has been given out yet.
    var used = 0
  }

  private static let region = reserve()
  private static let blocks = Mutex(Blocks())

  private static func reserve() -> Region? {
    var byteCount = 1 << 20
    while byteCount >= 1 << 14 {
      let start = unsafe mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let start = unsafe start, unsafe start != MAP_FAILED else { return nil }
      if unsafe mlock(start, byteCount) == 0 {
        unsafe madvise(start, byteCount, MADV_DONTDUMP)
        return unsafe Region(start: start, byteCount: byteCount)
      }
      unsafe munmap(start, byteCount)
      byteCount /= 2
    }
    return nil
  }

  /// 0 for 32 bytes, 1 for 64, 2 for 128, 3 for 256.
  private static func size(of count: Int) -> Int {
    count <= 32 ? 0 : count <= 64 ? 1 : count <= 128 ? 2 : 3
  }

  /// Nil when there is none to be had, or when another thread is just asking: nobody waits.
  @unsafe
  static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard count <= largestBlock, let region else { return nil }
    let size = size(of: count)
    let offset = blocks.withLockIfAvailable { blocks -> Int? in
      let first = blocks.free[size]
      if first > 0 {
        blocks.free[size] = unsafe region.start.load(fromByteOffset: first - 1, as: Int.self)
        return first - 1
      }
      let end = blocks.used + smallestBlock << size
      guard end <= region.byteCount else { return nil }
      defer { blocks.used = end }
      return blocks.used
    }
    guard let offset, let offset else { return nil }
    return unsafe region.start + offset
  }

  /// Takes back a block, whose content has been erased.
  ///
  /// - Returns: false if it is not from here.
  @unsafe
  static func release(_ start: UnsafeMutableRawPointer, _ count: Int) -> Bool {
    guard count <= largestBlock, let region else { return false }
    let offset = unsafe start - region.start
    guard offset >= 0, offset < region.byteCount else { return false }
    let size = size(of: count)
    blocks.withLock { blocks in
      unsafe region.start.storeBytes(of: blocks.free[size], toByteOffset: offset, as: Int.self)
      blocks.free[size] = offset + 1
    }
    return true
  }
}
