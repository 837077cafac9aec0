import Cryptography
import SecretMemory
import SystemClock
import Wire

@testable import Directory
@testable import KeyDistribution

/// Everything that a KDC keeps, `kdc.key` among it, in the hands of somebody who means ill.
struct StolenState: Sendable {
  /// The honest machine with all of its keys. What it is told of the users is another matter.
  let machine: KeyDistributionCenter
  private let folder: Folder

  var keys: RealmKeys { machine.keys }

  init(of kdc: RunningKDC) throws {
    folder = kdc.folder
    guard let material = try KeyFile.load(kdc.folder.path("kdc.key")) else {
      throw TestProblem("kdc.key")
    }
    let now = SystemClock.now
    var random = SystemRandom()
    machine = KeyDistributionCenter(material, policy: CenterPolicy(), now: now)
    _ = machine.maintain(at: now, random: &random)
  }

  func user(_ name: PrincipalName) throws -> UserRecord {
    for line in lines("pwd.txt").reversed() {
      guard line.first != UInt8(ascii: "#") else { continue }
      if let record = try UserLine(line.bytes).record, record.name == name { return record }
    }
    throw TestProblem("no user \(name)")
  }

  /// Where the honest KDC knows a receiver to be.
  func presence(_ name: PrincipalName) throws -> PresenceRecord {
    for line in lines("pwd.txt.presence").reversed() {
      guard case .announced(let record)? = try? PresenceLine(line.bytes), record.name == name
      else { continue }
      return record
    }
    throw TestProblem("\(name) is not present")
  }

  private func lines(_ file: String) -> [[UInt8]] {
    (folder.bytes(of: file) ?? []).split(separator: UInt8(ascii: "\n")).map(Array.init)
  }
}
