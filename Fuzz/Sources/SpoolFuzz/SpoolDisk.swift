import FuzzSupport
import Glibc
import MailboxService
import MailboxSpool

@testable import DurableFiles

/// The folder of a spool, in memory.
struct SpoolDisk {
  static let boot = "b1"

  private let folder = MemoryFolder()

  func clear() {
    guard let name = ConfinedPath("spool"), let root = try? ConfinedFolder(folder.path),
      (try? root.removeAll(name)) != nil
    else { fatalError("clear") }
    for name in ["", "/boxes", "/boxes/bob", "/incoming", "/refused"] {
      guard unsafe mkdir("\(folder.path)/spool\(name)", 0o700) == 0 else { fatalError("mkdir") }
    }
  }

  func put(_ bytes: [UInt8], at name: String) { folder.put(bytes, at: "spool/\(name)") }

  func open() -> Spool {
    do {
      return try Spool(
        folder.path + "/spool", MailboxPolicy(), boot: Self.boot, clock: { World.now },
        tell: { _ = $0.description })
    } catch {
      fatalError("broken: nothing in a spool keeps a mailbox from starting: \(error)")
    }
  }
}
