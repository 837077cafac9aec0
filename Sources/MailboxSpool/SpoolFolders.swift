internal import DurableFiles
internal import Glibc
internal import MailboxService
internal import Wire

/// The folders of a spool, which one process at a time may have.
struct SpoolFolders: ~Copyable, Sendable {
  static let incoming = "incoming"
  static let boxes = "boxes"
  static let refused = "refused"
  static let damaged = "damaged"
  private static let numberDigits = 20

  /// As it was given.
  let path: String
  let incoming: ConfinedFolder
  let boxes: ConfinedFolder
  let refused: ConfinedFolder
  let damaged: ConfinedFolder
  /// Whether nothing has ever been here.
  let isNew: Bool
  private let lock: FileLock

  init(_ path: String) throws(SpoolFailure) {
    do throws(FileFailure) { try createPrivateFolders(path) } catch { throw .file(error) }
    let taken: FileLock
    do throws(FileLockFailure) {
      taken = try FileLock(path: joinPath(path, "lock"))
    } catch {
      throw .lock(error)
    }
    do throws(FileFailure) {
      try self.init(path, taken)
    } catch {
      throw .file(error)
    }
  }

  private init(_ path: String, _ taken: consuming FileLock) throws(FileFailure) {
    let root = try ConfinedFolder(path)
    let isNew = try root.names().allSatisfy { $0.bytes == [UInt8]("lock".utf8) }
    let incoming = try Self.folder(Self.incoming, in: root)
    let refused = try Self.folder(Self.refused, in: root)
    let damaged = try Self.folder(Self.damaged, in: root)
    let boxes = try Self.folder(Self.boxes, in: root)
    try root.sync()
    self.path = path
    self.isNew = isNew
    self.incoming = incoming
    self.refused = refused
    self.damaged = damaged
    self.boxes = boxes
    lock = taken
  }

  /// A link in the place of a folder is refused.
  private static func folder(
    _ name: String, in root: borrowing ConfinedFolder
  ) throws(FileFailure) -> ConfinedFolder {
    let name = try confined(name)
    try root.makeFolder(name)
    return try root.openFolder(name)
  }

  /// A name of our own making, or one that was checked.
  static func confined(_ name: String) throws(FileFailure) -> ConfinedPath {
    guard let path = ConfinedPath(name) else {
      throw FileFailure(path: name, operation: .open, errno: EINVAL)
    }
    return path
  }

  static func name(of number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: numberDigits - digits.count) + digits
  }

  /// The number that a deposit's name says; nil for names of other things.
  static func number(_ name: ConfinedPath) -> UInt64? {
    guard let number = UInt64(String(decoding: name.bytes, as: UTF8.self)),
      name.bytes.elementsEqual(Self.name(of: number).utf8)
    else { return nil }
    return number
  }

  /// Where a deposit is, below `boxes`.
  static func place(of number: UInt64, for receiver: PrincipalName) throws(FileFailure)
    -> ConfinedPath
  {
    try confined("\(receiver)/\(name(of: number))")
  }
}
