import Directory
import FuzzSupport
import Synchronization
import Wire

@testable import KeyDistribution

/// The directory of a KDC, over files in memory, with two users, an invitation, and one of them
/// present and taking deposits, in one of several states. What a run changes is undone by the next.
final class RealDirectory: Sendable {
  private static let alice = Person.alice.record
  private static let bob = Person.bob.record
  private static let all = Mutex<[UInt8: RealDirectory]>([:])

  private let folder = MemoryFolder()
  private let pristine: [String: MemoryFolder.Thing]
  private let opened: Mutex<FileDirectory>

  /// - Parameter state: its bits 2 to 5 count.
  static func inState(_ state: UInt8) -> RealDirectory {
    let state = state >> 2 & 15
    return all.withLock { all in
      if let known = all[state] { return known }
      let new = RealDirectory(state)
      all[state] = new
      return new
    }
  }

  private init(_ state: UInt8) {
    let directory = Self.open(folder)
    for user in Self.users(in: state & 7) {
      Self.make(.register(user), in: directory)
    }
    if state & 8 == 0 {
      Self.make(.announce(Person.bob.presence), in: directory)
      Self.make(.takeDeposits(Person.bob.deposits), in: directory)
    }
    let invitation = InvitationRecord(
      hash: Invitation(secret(Template.invitation)).hash, name: nil, expires: World.now + .hours(1))
    let outcome = directory.waiting { directory.add(invitation, at: World.start, answer: $0) }
    expect(outcome == .done, "an invitation is there")
    directory.close()
    pristine = folder.content()
    opened = Mutex(Self.open(folder))
  }

  private static func open(_ folder: MemoryFolder) -> FileDirectory {
    do {
      return try FileDirectory(
        path: folder.path + "/pwd.txt", realm: World.realm.id, at: World.start,
        sealingWith: { _, _, _ in [] }, report: { _ = $0.description })
    } catch {
      fatalError("broken: what was written is opened: \(error)")
    }
  }

  private static func make(_ change: DirectoryChange, in directory: FileDirectory) {
    let outcome = directory.waiting { directory.apply(change, at: World.start, answer: $0) }
    expect(outcome == .done, "it is made")
  }

  /// As an operator has made them.
  private static func users(in state: UInt8) -> [UserRecord] {
    var (alice, bob) = (alice, bob)
    var random = FuzzRandom(11)
    do {
      switch state {
      case 1: alice = try World.keys.disabling(alice, random: &random)
      case 2: alice = try World.keys.vacating(alice, as: .removed, random: &random)
      case 3: alice.keyVersion = .max
      case 4:
        alice.identity = nil
        alice.certificate = []
      case 5: bob = try World.keys.disabling(bob, random: &random)
      case 6: alice = try World.keys.vacating(alice, as: .reset, random: &random)
      case 7: bob = try World.keys.allowing(bob, callers: [World.name("carol")])
      default: break
      }
    } catch {
      fatalError("no such user: \(error)")
    }
    return [alice, bob]
  }

  // MARK: As a KDC uses it

  var present: FileDirectory { opened.withLock { $0 } }

  /// - Parameter forced: its highest two bits: somebody else is faster; the disk takes nothing.
  func apply(_ change: DirectoryChange, forced: UInt8) -> ChangeOutcome {
    let directory = present
    switch forced >> 6 {
    case 1: overtake(change, in: directory)
    case 2: directory.close()
    default: break
    }
    let outcome = directory.waiting { directory.apply(change, at: World.now, answer: $0) }
    switch (change, forced >> 6) {
    case (.register, 1), (.registerInvited, 1), (.update, 1):
      expect(outcome != .done, "who is overtaken changes nothing")
    case (.register, 2), (.registerInvited, 2), (.update, 2), (.takeDeposits, 2):
      expect(outcome == .failed, "what is not on the disk is not acknowledged")
    default: break
    }
    return outcome
  }

  private func overtake(_ change: DirectoryChange, in directory: FileDirectory) {
    switch change {
    case .register(let user), .registerInvited(let user, _), .update(let user, _):
      var other = user
      other.address.port ^= 1
      _ = directory.waiting { directory.apply(.register(other), at: World.now, answer: $0) }
      guard let there = try? directory.users.record(of: user.name) else { return }
      var next = there
      next.keyVersion = there.keyVersion == .max ? .max : there.keyVersion + 1
      _ = directory.waiting { directory.replace(there, with: next, answer: $0) }
    case .announce, .withdraw, .takeDeposits: break
    }
  }

  /// Looks whether all that was changed is on the disk, and makes everything as it was.
  ///
  /// - Parameter forced: as `apply` has it.
  func undo(forced: UInt8) {
    opened.withLock { directory in
      let told = sum(of: directory)
      directory.close()
      directory = Self.open(folder)
      // Who is present may be known without a disk: it is told again every minute.
      let isDurable = forced >> 6 != 2
      expect(!isDurable || sum(of: directory) == told, "what was acknowledged is on the disk")
      directory.close()
      folder.clear()
      for (name, thing) in pristine {
        if case .file(let bytes, _) = thing { folder.put(bytes, at: name) }
      }
      directory = Self.open(folder)
    }
  }

  private func sum(of directory: FileDirectory) -> RealmSum {
    do {
      return try RealmSum(of: directory, at: World.now)
    } catch {
      fatalError("broken: what is there can be read: \(error)")
    }
  }
}
