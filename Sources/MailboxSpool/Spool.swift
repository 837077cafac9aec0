internal import DurableFiles
internal import Glibc
public import MailboxService
internal import SecretMemory
internal import Synchronization
public import Wire

/// Deposits on the disk: a file for each, beside what is on its way in, and who refuses whom.
///
/// A deposit is acknowledged when it is on the disk under its final name, and is gone from there
/// before its receiver is told so. Any number of threads may use it.
public final class Spool: Sendable {
  /// What came of the wish to leave something.
  public enum Opening {
    case incoming(IncomingDeposit)
    /// It is there already.
    case stored
    case refused(MailboxReason)
  }

  let folders: SpoolFolders
  let boxes: Mutex<Boxes>
  /// Held by who adds a file to a box or removes one, so that deposits become visible in the order
  /// of their numbers.
  let numbers: Mutex<DepositNumbers>
  /// The files whose content has been compared in this process, by number: those that have not
  /// been touched since.
  private let verified = Mutex<[UInt64: FileVersion]>([:])
  /// Held while a file of them is written.
  let refusals: Mutex<RefusalFiles>
  let aside: DamagedFiles
  /// A life of the machine.
  let boot: String
  let clock: @Sendable () -> Timestamp
  let tell: @Sendable (SpoolEvent) -> Void

  /// Opens the spool, or makes it. What is there is looked at: how each file begins and ends.
  /// Neither what is in them, nor whether they have waited long enough: that may take long.
  ///
  /// - Parameters:
  ///   - boot: names a life of the machine, in letters and digits: partial files of another one are
  ///     removed.
  ///   - clock: the time of day, from any thread.
  ///   - tell: is told what nobody has asked for, from any thread.
  public init(
    _ path: String, _ policy: MailboxPolicy, boot: String,
    clock: @escaping @Sendable () -> Timestamp,
    tell: @escaping @Sendable (SpoolEvent) -> Void
  ) throws(SpoolFailure) {
    folders = try SpoolFolders(path)
    self.boot = boot
    self.clock = clock
    self.tell = tell
    let aside = DamagedFiles(tell: tell)
    self.aside = aside
    let refusals = RefusalFiles(path: joinPath(path, SpoolFolders.refused))
    let now = clock()
    var found = SpoolContent(policy, aside: aside, tell: tell)
    do throws(FileFailure) {
      try found.readBoxes(folders)
      try found.readRefusals(folders, refusals)
      try found.readIncoming(folders, boot: boot, now: now)
      numbers = Mutex(
        try DepositNumbers(
          path: joinPath(path, "numbers"), highest: found.highest, isNew: folders.isNew, now: now))
    } catch {
      throw .file(error)
    }
    boxes = Mutex(found.boxes)
    self.refusals = Mutex(refusals)
  }

  // MARK: Leaving

  /// Begins to take a deposit, or goes on where it broke off.
  public func begin(
    _ id: DepositID, from sender: PrincipalName, for receiver: PrincipalName, byteCount: UInt64
  ) -> Opening {
    let admission = boxes.withLock {
      $0.admit(id, from: sender, for: receiver, byteCount: byteCount)
    }
    switch admission {
    case .known: return .stored
    case .refused(let reason): return .refused(reason)
    case .room(let reservation):
      do throws(FileFailure) {
        return .incoming(try IncomingDeposit(reservation, in: self))
      } catch {
        return .refused(abandon(reservation, because: error))
      }
    }
  }

  /// The disk does not take it: its room is given back, on the disk, too.
  func abandon(_ reservation: Reservation, because failure: FileFailure) -> MailboxReason {
    let reason = reason(failure)
    drop(reservation)
    return reason
  }

  /// Tells of a failure of the disk.
  ///
  /// - Returns: what is said of it to others.
  func reason(_ failure: FileFailure) -> MailboxReason {
    tell(.failed(failure))
    return failure.isOutOfSpace ? .full : .notStored
  }

  /// Removes what has come of something, and gives its room back: then, since somebody else might
  /// begin just that meanwhile.
  func drop(_ reservation: Reservation) {
    do throws(FileFailure) {
      let name = try SpoolFolders.confined(DepositHead(reservation).partialName(in: boot))
      try folders.incoming.removeFile(name)
    } catch {
      tell(.failed(error))
    }
    boxes.withLock { $0.release(reservation) }
  }

  // MARK: Collecting

  /// What waits for a receiver after a number, and whether there is more.
  public func list(
    for receiver: PrincipalName, after number: UInt64
  ) -> (deposits: [WaitingDeposit], hasMore: Bool) {
    boxes.withLock { $0.list(for: receiver, after: number) }
  }

  /// Opens a deposit for its receiver. All of it is compared, unless that has been done in this
  /// process and nobody has touched the file since.
  public func open(
    _ number: UInt64, for receiver: PrincipalName
  ) throws(MailboxReason) -> StoredDeposit {
    guard let deposit = boxes.withLock({ $0.deposit(number, for: receiver) }) else {
      throw .notThere
    }
    let item = Boxes.Item(receiver: receiver, deposit)
    do throws(DepositFault) {
      return StoredDeposit(try verified(item), tell: tell)
    } catch {
      guard isThere(item) else { throw .notThere }
      report(item, error)
      throw isThere(item) ? .busy : .notThere
    }
  }

  func isThere(_ item: Boxes.Item) -> Bool {
    boxes.withLock { $0.deposit(item.deposit.number, for: item.receiver) } != nil
  }

  private func verified(_ item: Boxes.Item) throws(DepositFault) -> CompleteFile {
    let number = item.deposit.number
    let opened: OpenFile
    do throws(FileFailure) {
      opened = try folders.boxes.openFile(try SpoolFolders.place(of: number, for: item.receiver))
    } catch {
      throw .unreadable(error)
    }
    let file = try CompleteFile(opened, for: item.receiver, number)
    guard file.item == item else { throw .damaged("it is another deposit") }
    let version: FileVersion
    do throws(FileFailure) { version = try file.file.version() } catch { throw .unreadable(error) }
    if verified.withLock({ $0[number] }) != version {
      try file.verify()
      noteVerified(number, version)
    }
    return file
  }

  func noteVerified(_ number: UInt64, _ version: FileVersion) {
    verified.withLock { $0[number] = version }
  }

  /// Compares with what was stored all that has not been compared yet, or was touched since.
  public func verify() {
    for item in boxes.withLock({ $0.all }) { _ = isAsStored(item) }
  }

  /// What is not is told, and set aside.
  func isAsStored(_ item: Boxes.Item) -> Bool {
    do throws(DepositFault) {
      _ = try verified(item)
      return true
    } catch {
      // Its receiver may have been faster, which `report` sees.
      report(item, error)
      return false
    }
  }

  /// Sets aside what is damaged. What cannot be read may be read another time.
  private func report(_ item: Boxes.Item, _ fault: DepositFault) {
    let place = "\(item.receiver)/\(SpoolFolders.name(of: item.deposit.number))"
    numbers.withLock { _ in
      guard isThere(item) else { return }
      switch fault {
      case .unreadable(let failure) where failure.errno != ENOENT:
        guard isForeign(place) else { return tell(.failed(failure)) }
        aside.move("\(SpoolFolders.boxes)/\(place)", in: folders, because: "it is no deposit")
      case .unreadable: tell(.left("\(SpoolFolders.boxes)/\(place)", reason: "it is gone"))
      case .damaged(let reason):
        aside.move("\(SpoolFolders.boxes)/\(place)", in: folders, because: reason)
      }
      forget(item)
    }
  }

  /// Whether a link, a folder or the like has come into the place of a deposit.
  private func isForeign(_ place: String) -> Bool {
    guard let place = try? SpoolFolders.confined(place),
      let status = try? folders.boxes.inspect(place)
    else { return false }
    return !status.isFile
  }

  /// A receiver has a deposit: it is removed, and that is on the disk when this returns.
  public func collect(
    _ number: UInt64, _ id: DepositID, for receiver: PrincipalName
  ) throws(MailboxReason) {
    guard let deposit = boxes.withLock({ $0.deposit(number, for: receiver) }), deposit.id == id
    else { throw .notThere }
    do throws(FileFailure) {
      guard try remove(Boxes.Item(receiver: receiver, deposit)) else { return }
      try syncBox(of: receiver)
    } catch {
      tell(.failed(error))
      throw .notStored
    }
  }

  /// Removes a deposit from its folder, and then from the box; `syncBox` has that on the disk.
  ///
  /// - Returns: false when somebody else was faster.
  func remove(_ item: Boxes.Item) throws(FileFailure) -> Bool {
    try numbers.withLock { (_) throws(FileFailure) in
      guard isThere(item) else { return false }
      let place = try SpoolFolders.place(of: item.deposit.number, for: item.receiver)
      try folders.boxes.removeFile(place)
      // From here on nobody can read it, whether or not that is on the disk.
      forget(item)
      return true
    }
  }

  /// When this returns it is on the disk that deposits were removed.
  func syncBox(of receiver: PrincipalName) throws(FileFailure) {
    try numbers.withLock { (_) throws(FileFailure) in
      let box = try SpoolFolders.confined("\(receiver)")
      if try folders.boxes.removeEmptyFolder(box) {
        try folders.boxes.sync()
      } else {
        try folders.boxes.openFolder(box).sync()
      }
    }
  }

  private func forget(_ item: Boxes.Item) {
    boxes.withLock { $0.remove(item) }
    verified.withLock { $0[item.deposit.number] = nil }
  }
}
