import Cryptography
import MailboxService
import SecretMemory
import Synchronization
import SystemClock
import Wire

@testable import FileTransfer
@testable import KeyDistribution
@testable import TrentClient

/// A mailbox in memory, which keeps to the protocol as far as the test lets it.
struct FakeBox: DepositBox {
  struct Item {
    var told: WaitingDeposit
    var bytes: [UInt8]
  }

  let mailbox: PrincipalName
  let realm: Realm
  var clocks = PeerTrust.Clocks(kdc: SystemClock.now, own: SystemClock.now)
  var items: [Item] = []
  private(set) var fetchCount = 0
  private(set) var fetchedByteCount = 0
  private(set) var collectedNumbers: [UInt64] = []
  /// In the place of what is listed after a number.
  var listing: ((UInt64) -> ([WaitingDeposit], Bool))?
  /// Called with number and offset before a part is given out.
  var beforeFetch: ((UInt64, UInt64) throws -> Void)?
  /// What comes in the place of the bytes asked for.
  var bend: (([UInt8]) -> [UInt8])?
  var pageLimit = 500
  private var nextNumber: UInt64 = 1

  init(_ mailbox: PrincipalName, in realm: Realm) {
    self.mailbox = mailbox
    self.realm = realm
  }

  mutating func successor(patience: Interval) -> Realm? { nil }

  @discardableResult
  mutating func add(_ bytes: [UInt8], from sender: PrincipalName) throws -> WaitingDeposit {
    guard bytes.count >= 4 else { throw DepositScene.Missing(what: "frame") }
    let letterCount = Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
    guard let id = DepositID(SHA256.hash(Array(bytes[4..<4 + letterCount]).bytes)) else {
      throw DepositScene.Missing(what: "id")
    }
    let told = WaitingDeposit(
      number: nextNumber, sender: sender, stored: SystemClock.now, byteCount: UInt64(bytes.count),
      id: id)
    nextNumber += 1
    items.append(Item(told: told, bytes: bytes))
    return told
  }

  mutating func list(
    after number: UInt64
  ) throws(ClientFailure) -> (deposits: [WaitingDeposit], hasMore: Bool) {
    if let listing {
      let (deposits, hasMore) = listing(number)
      return (deposits, hasMore)
    }
    let rest = items.map(\.told).filter { $0.number > number }
    return (Array(rest.prefix(pageLimit)), rest.count > pageLimit)
  }

  mutating func fetch(
    _ number: UInt64, from offset: UInt64, byteCount: UInt32, _ take: (RawSpan) throws -> Void
  ) throws {
    try beforeFetch?(number, offset)
    guard let item = items.first(where: { $0.told.number == number }) else { throw Self.gone }
    fetchCount += 1
    guard offset < item.bytes.count else { throw Self.gone }
    var part = Array(item.bytes[Int(offset)...].prefix(Int(byteCount)))
    fetchedByteCount += part.count
    if let bend { part = bend(part) }
    for start in stride(from: 0, to: part.count, by: 65_519) {
      let piece = Array(part[start..<min(start + 65_519, part.count)])
      try take(piece.bytes)
    }
  }

  mutating func collected(_ deposit: WaitingDeposit) throws(ClientFailure) {
    guard items.contains(where: { $0.told.number == deposit.number && $0.told.id == deposit.id })
    else { throw Self.gone }
    collectedNumbers.append(deposit.number)
    items.removeAll { $0.told.number == deposit.number }
  }

  static var gone: ClientFailure { ClientFailure(.refusedByReceiver, "There is no such deposit.") }

  mutating func forgetCounts() {
    fetchCount = 0
    fetchedByteCount = 0
    collectedNumbers = []
  }
}

/// Ends after so many chunks, as a killed program does at an unlucky moment.
final class StopAfter: Stop {
  let descriptor: Int32 = -1
  private var rest: Int

  init(_ count: Int) { rest = count }

  func check() throws(ClientFailure) {
    guard rest > 0 else { throw .interrupted(by: 9) }
    rest -= 1
  }
}

/// Keeps what it is told.
final class KeepingWatcher: TransferWatcher {
  private let kept = Mutex<(texts: [[UInt8]], begun: [TransferSummary], refused: [String])>(
    ([], [], []))

  var texts: [[UInt8]] { kept.withLock { $0.texts } }
  var begun: [TransferSummary] { kept.withLock { $0.begun } }
  var refused: [String] { kept.withLock { $0.refused } }

  func listens(on port: UInt16, as name: PrincipalName) {}

  func began(_ transfer: TransferSummary) -> any TransferProgress {
    kept.withLock { $0.begun.append(transfer) }
    return SilentProgress()
  }

  func refused(_ peer: PrincipalName, _ manifest: Manifest?, because reason: String) {
    kept.withLock { $0.refused.append(reason) }
  }

  func received(text: [UInt8]) { kept.withLock { $0.texts.append(text) } }
}
