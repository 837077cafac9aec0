internal import DurableFiles
internal import KeyDistribution
internal import SystemClock
internal import Wire

/// Deposits that are sealed and not yet at a mailbox, in the sender's state folder: one file each,
/// named as what is sent is told apart from anything else (`StagingPlan`).
struct Outbox {
  static let folder = "outbox"
  /// For how long a deposit can be gone on with.
  static let lifetime = Interval.days(7)

  private let folder: String

  init(of name: PrincipalName, in realm: Realm, state: StateFolder) {
    folder = state.path("\(Self.folder)/\(realm.hexadecimalID)/\(name)")
  }

  /// Where one of them is, or would be.
  struct Place {
    let path: String

    /// What stays takes room, for a while, and no more.
    func clear(telling person: any Person) {
      do {
        try removeFile(path)
      } catch {
        person.explain("the outbox could not be cleared: \(error)")
      }
    }
  }

  func place(of plan: StagingPlan) -> Place { Place(path: joinPath(folder, plan.id)) }

  /// Removes what nobody has come back to, also what programs that were killed have left.
  func tidy(at now: Timestamp = SystemClock.now, telling person: any Person) {
    do throws(FileFailure) {
      for entry in try folderEntries(folder) {
        let path = joinPath(folder, entry)
        // Another program may have removed it meanwhile.
        guard let status = try? FileStatus.following(path) else { continue }
        let modified = Timestamp(milliseconds: status.modified)
        if now.since(modified) > Self.lifetime { try removeFile(path) }
      }
    } catch {
      person.explain("the outbox could not be cleared: \(error)")
    }
  }
}
