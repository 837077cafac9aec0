internal import DurableFiles
public import MailboxService
internal import Synchronization
public import Wire

extension Spool {
  /// Takes nothing more of a sender for this receiver, also not the rest of what is on its way in.
  /// On the disk when this returns.
  public func refuse(
    _ sender: PrincipalName, for receiver: PrincipalName
  ) throws(MailboxReason) {
    try refusals.withLock { (files) throws(MailboxReason) in
      let former = try refusedSenders(for: receiver)
      guard !former.contains(sender) else { return }
      // Not while something of it is being stored.
      let brokenOff = numbers.withLock { _ in
        boxes.withLock { $0.refuse(sender, for: receiver) }
      }
      guard let brokenOff else { throw .full }
      for reservation in brokenOff { drop(reservation) }
      do throws(FileFailure) {
        try files.write(former.union([sender]), for: receiver)
      } catch {
        boxes.withLock { $0.allow(sender, for: receiver) }
        throw reason(error)
      }
    }
  }

  /// Takes what a sender leaves for this receiver again. On the disk when this returns.
  public func allow(
    _ sender: PrincipalName, for receiver: PrincipalName
  ) throws(MailboxReason) {
    try refusals.withLock { (files) throws(MailboxReason) in
      let former = try refusedSenders(for: receiver)
      guard former.contains(sender) else { return }
      do throws(FileFailure) {
        let rest = former.subtracting([sender])
        if rest.isEmpty {
          try folders.refused.removeFile(try SpoolFolders.confined("\(receiver)"))
          try folders.refused.sync()
        } else {
          try files.write(rest, for: receiver)
        }
      } catch {
        throw reason(error)
      }
      boxes.withLock { $0.allow(sender, for: receiver) }
    }
  }

  /// Where nobody knows whom a receiver refuses, nothing is written over what may say it.
  private func refusedSenders(
    for receiver: PrincipalName
  ) throws(MailboxReason) -> Set<PrincipalName> {
    try boxes.withLock { (boxes) throws(MailboxReason) in
      guard !boxes.isShut(receiver) else { throw .notStored }
      return boxes.refusedSenders(for: receiver)
    }
  }
}
