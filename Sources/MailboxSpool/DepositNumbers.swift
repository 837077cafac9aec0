internal import DurableFiles
internal import Glibc
internal import SecretMemory
internal import Wire

/// The numbers of deposits: each is higher than all before it, also when those are gone and the
/// program was killed. A file says up to which number they may have been given.
struct DepositNumbers: Sendable {
  /// So many are taken at a time; what is left of them is passed over after a restart.
  private static let step: UInt64 = 1000

  private static let lengthLimit = 64
  /// All numbers are below this one.
  static let end = UInt64(Int64.max)

  private let path: String
  private var next: UInt64
  /// The first one that may not be given before the file says so.
  private var limit: UInt64

  /// - Parameters:
  ///   - highest: of what is there, below `end`; 0 if nothing is.
  ///   - now: begins the numbers if the file of a spool that has been used is lost: nobody stores a
  ///     thousand deposits a second.
  init(
    path: String, highest: UInt64, isNew: Bool, now: Timestamp
  ) throws(FileFailure) {
    self.path = path
    try removePartialFiles(of: path)
    let lost = isNew ? 1 : now.milliseconds
    let known = try Self.known(path)
    next = min(max(known ?? lost, highest + 1), Self.end)
    limit = next
    // From now on, that it is not there means that it was lost.
    if known == nil { try Self.write(next, to: path) }
  }

  /// Nil when there is no file, or another content than `take` has written, however long that is.
  private static func known(_ path: String) throws(FileFailure) -> UInt64? {
    do throws(FileFailure) {
      return switch try readSecretFile(path, limit: lengthLimit) {
      case .some(let content): number(in: content.bytes)
      case .none: nil
      }
    } catch {
      guard error.errno == EFBIG else { throw error }
      return nil
    }
  }

  private static func number(in content: RawSpan) -> UInt64? {
    let text = String(decoding: [UInt8](content), as: UTF8.self)
    guard text.last == "\n", let number = UInt64(text.dropLast()), number <= end else {
      return nil
    }
    return number
  }

  private static func write(_ number: UInt64, to path: String) throws(FileFailure) {
    var file = try AtomicFile(replacing: path, mode: 0o600)
    try file.write([UInt8]("\(number)\n".utf8).bytes)
    try file.commit()
  }

  /// The next number, which nobody gets a second time. Not when there is none left.
  mutating func take() throws(FileFailure) -> UInt64 {
    guard next < Self.end else {
      throw FileFailure(path: path, operation: .save, errno: EOVERFLOW)
    }
    if next >= limit {
      let new = min(next + Self.step, Self.end)
      try Self.write(new, to: path)
      limit = new
    }
    defer { next += 1 }
    return next
  }
}
