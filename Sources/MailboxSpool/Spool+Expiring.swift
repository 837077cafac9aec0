internal import DurableFiles
internal import MailboxService
internal import Synchronization
internal import Wire

extension Spool {
  /// Removes what has waited long enough: as long as a file says that is not damaged.
  public func expire() {
    let now = clock()
    let expired = boxes.withLock { $0.expired(at: now) }
    let byReceiver = [PrincipalName: [Boxes.Item]](grouping: expired, by: \.receiver)
    for (receiver, items) in byReceiver { expire(items, of: receiver) }
    for reservation in boxes.withLock({ $0.expirePartial(at: now) }) { drop(reservation) }
  }

  private func expire(_ items: [Boxes.Item], of receiver: PrincipalName) {
    var removed: [Boxes.Item] = []
    for item in items where isAsStored(item) {
      do throws(FileFailure) {
        if try remove(item) { removed.append(item) }
      } catch {
        tell(.failed(error))
      }
    }
    guard !removed.isEmpty else { return }
    do throws(FileFailure) { try syncBox(of: receiver) } catch { tell(.failed(error)) }
    for item in removed { tell(.expired(item)) }
  }
}
