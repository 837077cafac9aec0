internal import DurableFiles
internal import MailboxService
internal import SecretMemory
internal import Wire

/// Takes up what is in the spool, at the start. What is not ours, or not whole, is set aside; what
/// the disk does not let be read is told and left, and keeps nothing else from being served.
struct SpoolContent {
  private(set) var boxes: Boxes
  /// The highest number of a deposit that is there; 0 if none is.
  private(set) var highest: UInt64 = 0
  private let aside: DamagedFiles
  private let tell: @Sendable (SpoolEvent) -> Void

  init(
    _ policy: MailboxPolicy, aside: DamagedFiles, tell: @escaping @Sendable (SpoolEvent) -> Void
  ) {
    boxes = Boxes(policy)
    self.aside = aside
    self.tell = tell
  }

  /// How a name in one of our folders is called from the spool on.
  private static func path(_ folder: String, _ names: ConfinedPath...) -> [UInt8] {
    names.reduce([UInt8](folder.utf8)) { $0 + [UInt8(ascii: "/")] + $1.bytes }
  }

  /// The user of whom a file or a folder has its name.
  private static func owner(_ name: ConfinedPath) -> PrincipalName? {
    guard let owner = PrincipalName(String(decoding: name.bytes, as: UTF8.self)),
      name.bytes.elementsEqual("\(owner)".utf8)
    else { return nil }
    return owner
  }

  private func leave(_ path: [UInt8], _ failure: FileFailure) {
    tell(.left(String(decoding: path, as: UTF8.self), reason: "\(failure)"))
  }

  // MARK: Deposits

  mutating func readBoxes(_ folders: borrowing SpoolFolders) throws(FileFailure) {
    for name in try folders.boxes.names() {
      let path = Self.path(SpoolFolders.boxes, name)
      do throws(FileFailure) {
        guard let receiver = Self.owner(name), try folders.boxes.inspect(name)?.kind == .folder
        else {
          aside.move(path, in: folders, because: "it is nobody's box")
          continue
        }
        let box = try folders.boxes.openFolder(name)
        for file in try box.names() { read(file, in: box, of: receiver, folders) }
      } catch {
        leave(path, error)
        continue
      }
      // What was there when the program was killed may not be on the disk, and senders who ask
      // again are told that it is stored.
      if try !folders.boxes.removeEmptyFolder(name) { try folders.boxes.openFolder(name).sync() }
    }
    try folders.boxes.sync()
  }

  private mutating func read(
    _ name: ConfinedPath, in box: borrowing ConfinedFolder, of receiver: PrincipalName,
    _ folders: borrowing SpoolFolders
  ) {
    let path = Array("\(SpoolFolders.boxes)/\(receiver)/".utf8) + name.bytes
    do throws(DepositFault) {
      guard let number = SpoolFolders.number(name), number < DepositNumbers.end,
        (try? box.inspect(name)).flatMap({ $0 })?.isFile == true
      else { throw .damaged("it is no deposit") }
      let opened: OpenFile
      do throws(FileFailure) {
        opened = try box.openFile(name)
      } catch {
        throw .unreadable(error)
      }
      boxes.restore(try CompleteFile(opened, for: receiver, number).item)
      // Not of what somebody else has put there: there may be no number after it.
      highest = max(highest, number)
    } catch {
      switch error {
      case .damaged(let reason): aside.move(path, in: folders, because: reason)
      case .unreadable(let failure): leave(path, failure)
      }
    }
  }

  // MARK: What is on its way in

  /// After the refusals: of whom a receiver refuses nothing is kept.
  mutating func readIncoming(
    _ folders: borrowing SpoolFolders, boot: String, now: Timestamp
  ) throws(FileFailure) {
    for name in try folders.incoming.names() {
      let path = Self.path(SpoolFolders.incoming, name)
      do throws(FileFailure) {
        if try isEmpty(name, in: folders.incoming) {
          try folders.incoming.removeFile(name)
          continue
        }
        guard let partial = try partial(name, in: folders.incoming) else {
          aside.move(path, in: folders, because: "it is no deposit on its way in")
          continue
        }
        if isKept(partial, boot) {
          boxes.restore(partial.head.reservation, idleSince: min(partial.modified, now))
        } else {
          try folders.incoming.removeFile(name)
        }
      } catch {
        leave(path, error)
      }
    }
  }

  private func isKept(_ partial: Partial, _ boot: String) -> Bool {
    let room = partial.head.reservation
    return partial.isOf(boot) && partial.byteCount > 0
      && room.byteCount <= boxes.policy.depositByteLimit && boxes.isWanted(room)
  }

  private struct Partial {
    let head: DepositHead
    let name: String
    let byteCount: UInt64
    let modified: Timestamp

    func isOf(_ boot: String) -> Bool { name == head.partialName(in: boot) }
  }

  /// Whether it is one of ours that has not even its head: a kill may leave it like that.
  private func isEmpty(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) -> Bool {
    guard case .file(let size)? = try folder.inspect(name)?.kind else { return false }
    return size < UInt64(DepositHead.byteCount)
      && DepositHead.isPartialName(String(decoding: name.bytes, as: UTF8.self))
  }

  /// Nil unless it is one of ours.
  private func partial(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) -> Partial? {
    guard let status = try folder.inspect(name), case .file(let size) = status.kind,
      size >= UInt64(DepositHead.byteCount)
    else { return nil }
    let text = String(decoding: name.bytes, as: UTF8.self)
    let file = try folder.openFile(name)
    let bytes = try file.bytes(at: 0, count: DepositHead.byteCount)
    guard let head = try? DepositHead(bytes.bytes) else { return nil }
    let prefix = head.partialName(in: "")
    guard text.hasPrefix(prefix) else { return nil }
    return Partial(
      head: head, name: text, byteCount: size - UInt64(DepositHead.byteCount),
      modified: Timestamp(milliseconds: status.modified))
  }

  // MARK: Refusals

  mutating func readRefusals(
    _ folders: borrowing SpoolFolders, _ files: RefusalFiles
  ) throws(FileFailure) {
    for name in try folders.refused.names() {
      let path = Self.path(SpoolFolders.refused, name)
      do throws(FileFailure) {
        try readRefusals(name, path, folders, files)
      } catch {
        // Rather nothing than what its owner does not want.
        if let receiver = Self.owner(name) { boxes.shut(receiver) }
        leave(path, error)
      }
    }
  }

  private mutating func readRefusals(
    _ name: ConfinedPath, _ path: [UInt8], _ folders: borrowing SpoolFolders, _ files: RefusalFiles
  ) throws(FileFailure) {
    let isFile = try folders.refused.inspect(name)?.isFile == true
    // A kill in the middle of writing one of these files may have left another one beside it.
    let hidden = PartialName.stem(in: String(decoding: name.bytes, as: UTF8.self))
    if isFile, let hidden, PrincipalName(hidden) != nil {
      return try folders.refused.removeFile(name)
    }
    guard isFile, let receiver = Self.owner(name) else {
      return aside.move(path, in: folders, because: "it is nobody's refusals")
    }
    let (names, isWhole) = try RefusalFiles.read(name, in: folders.refused)
    for sender in names { _ = boxes.refuse(sender, for: receiver) }
    if isWhole { return }
    aside.move(path, in: folders, because: "there are lines that are no names")
    try files.write(boxes.refusedSenders(for: receiver), for: receiver)
  }
}

extension FileStatus {
  var isFile: Bool {
    if case .file = kind { true } else { false }
  }
}
