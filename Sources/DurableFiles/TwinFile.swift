internal import Glibc
public import SecretMemory

/// A small secret of a fixed length, kept twice in one file and overwritten where it lies: what was
/// there before does not stay behind in freed blocks, as far as file system and medium obey. One
/// copy is written after the other, so that whenever a crash comes, one of them is whole.
public struct TwinFile: ~Copyable, Sendable {
  /// Where the second copy begins: in a block of its own.
  private static let distance = 4096

  private let file: OpenFile

  /// Makes the file, for its owner alone (0600). When this returns it is on the disk.
  public static func create(_ path: String, _ content: RawSpan) throws(FileFailure) {
    precondition(content.byteCount <= distance)
    let both = SecretBytes(count: distance + content.byteCount) { output in
      output.write(content, at: 0)
      output.write(content, at: distance)
    }
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write(both.bytes)
    try file.commit()
  }

  /// Opens a file to overwrite it.
  public init(_ path: String) throws(FileFailure) {
    file = try OpenFile(path, flags: O_RDWR | O_NOCTTY)
  }

  /// Overwrites both copies. When this returns they are on the disk.
  public func write(_ content: RawSpan) throws(FileFailure) {
    precondition(content.byteCount <= Self.distance)
    for place in [0, Self.distance] {
      try write(content, at: place)
      guard fdatasync(file.descriptor) == 0 else { throw FileFailure(.save, file.path) }
    }
  }

  private func write(_ content: RawSpan, at place: Int) throws(FileFailure) {
    var written = 0
    while written < content.byteCount {
      let rest = content.extracting(droppingFirst: written)
      let count = unsafe rest.withUnsafeBytes {
        unsafe pwrite(file.descriptor, $0.baseAddress, $0.count, off_t(place + written))
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw FileFailure(.write, file.path)
      }
    }
  }

  /// What there is of the two copies, the one that is written first before the other; either may be
  /// no whole one. Nil when there is no such file.
  ///
  /// - Parameter count: how many bytes a copy has.
  public static func read(_ path: String, count: Int) throws(FileFailure) -> TwinCopies? {
    guard let both = try readSecretFile(path, limit: 2 * distance) else { return nil }
    func copy(_ place: Int) -> SecretBytes {
      both.count < place + count
        ? SecretBytes(copying: RawSpan()) : both.part(from: place, count: count)
    }
    return TwinCopies(first: copy(0), second: copy(distance))
  }
}

/// The two copies in a `TwinFile`.
@frozen
public struct TwinCopies: ~Copyable, Sendable {
  /// The copy at the beginning.
  public let first: SecretBytes
  /// The copy at the other place.
  public let second: SecretBytes
}
