internal import Cryptography
internal import DurableFiles
internal import Glibc
public import MailboxService
internal import SecretMemory
internal import Synchronization
internal import Wire

/// A deposit while it comes in. Who lets go of it before its end may go on with it another time.
public final class IncomingDeposit {
  private enum State {
    case coming
    case over
  }

  private let reservation: Reservation
  private let spool: Spool
  private var file: AppendFile
  /// Has hashed what is in the file.
  private var hasher: SHA256Hasher?
  private var state = State.coming
  /// How many bytes there are.
  public private(set) var offset: UInt64

  init(_ reservation: Reservation, in spool: Spool) throws(FileFailure) {
    self.reservation = reservation
    self.spool = spool
    let head = DepositHead(reservation)
    let name = try SpoolFolders.confined(head.partialName(in: spool.boot))
    var file = try AppendFile(name, in: spool.folders.incoming)
    var hasher = SHA256Hasher()
    let wanted = head.encoded()
    hasher.update(wanted.bytes)
    let headCount = UInt64(wanted.count)
    let there = try spool.folders.incoming.openFile(name)
    if try there.bytes(at: 0, count: wanted.count) == wanted {
      // A trailer may have been begun.
      let end = min(file.length, headCount + reservation.byteCount)
      try file.truncate(to: end)
      hasher = SHA256Hasher()
      guard try hasher.update(from: there, upTo: end) else {
        throw FileFailure(path: there.path, operation: .read, errno: EIO)
      }
      offset = end - headCount
    } else {
      try file.truncate(to: 0)
      try file.append(wanted.bytes)
      offset = 0
    }
    self.file = file
    self.hasher = consume hasher
  }

  deinit {
    guard case .coming = state else { return }
    let now = spool.clock()
    if offset > 0, spool.boxes.withLock({ $0.pause(reservation, at: now) }) { return }
    spool.drop(reservation)
  }

  /// How many bytes are to come.
  public var missing: UInt64 { reservation.byteCount - offset }

  /// Takes the next bytes: more than are missing is our own mistake.
  public func append(_ bytes: RawSpan) throws(MailboxReason) {
    precondition(UInt64(bytes.byteCount) <= missing)
    guard isWanted else { throw turnAway() }
    do throws(FileFailure) {
      try file.append(bytes)
    } catch {
      throw abandon(error)
    }
    hasher?.update(bytes)
    offset += UInt64(bytes.byteCount)
  }

  /// All bytes are there: puts them on the disk and into the box. What this returns is stored.
  public func finish() throws(MailboxReason) -> Boxes.Item {
    precondition(missing == 0)
    let item: Boxes.Item?
    do throws(FileFailure) {
      // The content first, so that others wait for a few bytes only.
      try file.sync()
      item = try spool.numbers.withLock { (numbers) throws(FileFailure) -> Boxes.Item? in
        // Once a receiver has been told that it refuses a sender, nothing more of it is stored.
        guard isWanted else { return nil }
        return try complete(as: try numbers.take(), at: spool.clock())
      }
    } catch {
      throw abandon(error)
    }
    guard let item else { throw turnAway() }
    return item
  }

  /// Whether the receiver has not refused the sender meanwhile.
  private var isWanted: Bool { spool.boxes.withLock { $0.isWanted(reservation) } }

  private func turnAway() -> MailboxReason {
    state = .over
    spool.drop(reservation)
    return .notTaken
  }

  private func complete(as number: UInt64, at now: Timestamp) throws(FileFailure) -> Boxes.Item {
    guard let hasher = hasher.take() else {
      throw FileFailure(path: spool.folders.path, operation: .save, errno: EINVAL)
    }
    let trailer = DepositTrailer(number: number, stored: now, after: hasher).encoded()
    try file.append(trailer.bytes)
    try file.sync()
    let place = try SpoolFolders.place(of: number, for: reservation.receiver)
    try move(to: place)
    if let version = try? file.version() { spool.noteVerified(number, version) }
    state = .over
    guard
      let item = spool.boxes.withLock({ $0.store(reservation, as: number, at: now) })
    else { throw FileFailure(path: spool.folders.path, operation: .save, errno: EINVAL) }
    return item
  }

  /// When this returns the file is in the box, and that is on the disk.
  private func move(to place: ConfinedPath) throws(FileFailure) {
    let name = try SpoolFolders.confined(DepositHead(reservation).partialName(in: spool.boot))
    let box = try SpoolFolders.confined("\(reservation.receiver)")
    if try spool.folders.boxes.makeFolder(box) { try syncNew(box) }
    let folder = try spool.folders.boxes.openFolder(box)
    try spool.folders.incoming.move(name, to: folder, as: place.name)
    do throws(FileFailure) {
      try folder.sync()
    } catch {
      // It must not come to light after a restart: its sender is told that it is not stored.
      try? folder.removeFile(place.name)
      throw error
    }
  }

  /// Whoever comes next finds the folder there, and takes it to be on the disk.
  private func syncNew(_ box: ConfinedPath) throws(FileFailure) {
    do throws(FileFailure) {
      try spool.folders.boxes.sync()
    } catch {
      _ = try? spool.folders.boxes.removeEmptyFolder(box)
      throw error
    }
  }

  private func abandon(_ failure: FileFailure) -> MailboxReason {
    state = .over
    return spool.abandon(reservation, because: failure)
  }
}
