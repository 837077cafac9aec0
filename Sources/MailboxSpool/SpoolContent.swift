internal import DurableFiles
internal import MailboxService
internal import SecretMemory
internal import Wire

/// Takes up what is in the spool, at the start. What is not ours, or not whole, is set aside.
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

  private func isFolder(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) -> Bool {
    try folder.inspect(name)?.kind == .folder
  }

  /// How a name in one of our folders is called from the spool on.
  private static func path(_ folder: String, _ names: ConfinedPath...) -> [UInt8] {
    names.reduce([UInt8](folder.utf8)) { $0 + [UInt8(ascii: "/")] + $1.bytes }
  }

  // MARK: Deposits

  mutating func readBoxes(_ folders: borrowing SpoolFolders) throws(FileFailure) {
    for name in try folders.boxes.names() {
      let path = Self.path(SpoolFolders.boxes, name)
      guard try isFolder(name, in: folders.boxes),
        let receiver = PrincipalName(String(decoding: name.bytes, as: UTF8.self)),
        name.bytes.elementsEqual("\(receiver)".utf8)
      else {
        aside.move(path, in: folders, because: "it is nobody's box")
        continue
      }
      let box = try folders.boxes.openFolder(name)
      for file in try box.names() { read(file, in: box, of: receiver, folders) }
      // What was there when the program was killed may not be on the disk, and senders who ask
      // again are told that it is stored.
      if try !folders.boxes.removeEmptyFolder(name) { try box.sync() }
    }
    try folders.boxes.sync()
  }

  private mutating func read(
    _ name: ConfinedPath, in box: borrowing ConfinedFolder, of receiver: PrincipalName,
    _ folders: borrowing SpoolFolders
  ) {
    let path = Array("\(SpoolFolders.boxes)/\(receiver)/".utf8) + name.bytes
    do throws(DepositFault) {
      guard let number = SpoolFolders.number(name), number <= DepositNumbers.last,
        (try? box.inspect(name)).flatMap({ $0 })?.isFile == true
      else { throw .damaged("it is no deposit") }
      // Also of those that are set aside: no number is given twice.
      highest = max(highest, number)
      let opened: OpenFile
      do throws(FileFailure) {
        opened = try box.openFile(name)
      } catch {
        throw .unreadable(error)
      }
      boxes.restore(try CompleteFile(opened, for: receiver, number).item)
    } catch {
      switch error {
      case .damaged(let reason): aside.move(path, in: folders, because: reason)
      case .unreadable(let failure):
        tell(.left(String(decoding: path, as: UTF8.self), reason: "\(failure)"))
      }
    }
  }

  // MARK: What is on its way in

  mutating func readIncoming(
    _ folders: borrowing SpoolFolders, boot: String, now: Timestamp
  ) throws(FileFailure) {
    for name in try folders.incoming.names() {
      guard let partial = try partial(name, in: folders.incoming) else {
        aside.move(
          Self.path(SpoolFolders.incoming, name), in: folders,
          because: "it is no deposit on its way in")
        continue
      }
      let isKept =
        partial.isOf(boot) && partial.byteCount > 0
        && partial.head.reservation.byteCount <= boxes.policy.depositByteLimit
      guard isKept else {
        try folders.incoming.removeFile(name)
        continue
      }
      boxes.restore(partial.head.reservation, idleSince: min(partial.modified, now))
    }
  }

  private struct Partial {
    let head: DepositHead
    let name: String
    let byteCount: UInt64
    let modified: Timestamp

    func isOf(_ boot: String) -> Bool { name == head.partialName(in: boot) }
  }

  /// Nil unless it is one of ours.
  private func partial(
    _ name: ConfinedPath, in folder: borrowing ConfinedFolder
  ) throws(FileFailure) -> Partial? {
    guard let status = try folder.inspect(name), case .file(let size) = status.kind else {
      return nil
    }
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

  /// Whether a kill in the middle of writing one of these files may have left this beside it:
  /// `.NAME.RANDOM.partial`.
  private static func isLeftover(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count >= 4 && parts[0].isEmpty && parts[parts.count - 1] == "partial"
      && parts[parts.count - 2].utf8.count == 6
      && PrincipalName(parts[1..<parts.count - 2].joined(separator: ".")) != nil
  }

  mutating func readRefusals(
    _ folders: borrowing SpoolFolders, _ files: RefusalFiles
  ) throws(FileFailure) {
    for name in try folders.refused.names() {
      let path = Self.path(SpoolFolders.refused, name)
      let text = String(decoding: name.bytes, as: UTF8.self)
      if Self.isLeftover(text), try folders.refused.inspect(name)?.isFile == true {
        try folders.refused.removeFile(name)
        continue
      }
      guard let receiver = PrincipalName(text), name.bytes.elementsEqual("\(receiver)".utf8),
        try folders.refused.inspect(name)?.isFile == true
      else {
        aside.move(path, in: folders, because: "it is nobody's refusals")
        continue
      }
      let (names, isWhole) = try RefusalFiles.read(name, in: folders.refused)
      for sender in names { _ = boxes.refuse(sender, for: receiver) }
      if isWhole { continue }
      aside.move(path, in: folders, because: "there are lines that are no names")
      try files.write(boxes.refusedSenders(for: receiver), for: receiver)
    }
  }
}

extension FileStatus {
  var isFile: Bool {
    if case .file = kind { true } else { false }
  }
}
