public import DurableFiles
public import FileTransfer
internal import Glibc
internal import KeyDistribution
internal import Synchronization
internal import SystemClock
public import Wire

/// Tells a script what happens: an object of JSON (RFC 8259) a line, on standard output.
///
/// Every event has `event`; those of a transfer have its number in `transfer`.
public final class EventWatcher: TransferWatcher {
  /// Of several transfers at once, one line comes after the other.
  private static let output = Mutex(())

  private let count = Mutex(0)

  /// Standard output is the only place that it writes to.
  public init() {}

  public func listens(on port: UInt16, as name: PrincipalName) {
    Self.tell(
      "listening",
      [
        .init("port", .integer(Int64(port))), .init("name", .text(name.description)),
      ])
  }

  public func began(_ transfer: TransferSummary) -> any TransferProgress {
    let number = count.withLock { count in
      count += 1
      return count
    }
    Self.tell(
      "began",
      [
        .init("transfer", .integer(Int64(number))),
        .init("direction", .text(transfer.direction.rawValue)),
        .init("peer", .text(transfer.peer.name.description)),
        .init("known", .bool(transfer.peer.isPinned)),
        Self.total(transfer.manifest),
        .init("offset", Self.number(transfer.offset)),
        Self.entries(transfer.manifest),
      ] + (transfer.mailbox.map(Self.mailbox) ?? []))
    return EventProgress(number, transfer)
  }

  public func refused(_ peer: PrincipalName, _ manifest: Manifest?, because reason: String) {
    Self.tell(
      "refused",
      [.init("peer", .text(peer.description)), .init("reason", .text(reason))]
        + (manifest.map { [Self.total($0), Self.entries($0)] } ?? []))
  }

  public func waits(_ deposit: WaitingSummary) {
    let content: [JSONValue.Member] =
      switch deposit.content {
      case .opened(let manifest):
        [.init("opened", .bool(true)), Self.total(manifest), Self.entries(manifest)]
      case .closed(let reason): [.init("opened", .bool(false)), .init("reason", .text(reason))]
      case .taken: [.init("opened", .bool(true)), .init("taken", .bool(true))]
      }
    Self.tell(
      "waiting",
      [
        .init("mailbox", .text(deposit.mailbox.description)),
        .init("number", Self.number(deposit.number)),
        .init("peer", .text(deposit.sender.description)),
        .init("stored", .text(SystemClock.text(deposit.stored))),
        .init("bytes", Self.number(deposit.byteCount)),
      ] + content)
  }

  public func received(text: [UInt8]) throws(FileFailure) {
    Self.tell("text", [.init("text", .text(String(decoding: text, as: UTF8.self)))])
  }

  /// The program ends without having done what it was asked to.
  public static func tellFailure(_ failure: ClientFailure) {
    tell(
      "failed",
      [
        .init("status", .integer(Int64(failure.exitCode))),
        .init("reason", .text(failure.description)),
      ])
  }

  private static func mailbox(_ mailbox: TransferSummary.Mailbox) -> [JSONValue.Member] {
    [
      .init("mailbox", .text(mailbox.name.description)),
      .init("left", .text(SystemClock.text(mailbox.left))),
    ]
  }

  private static func total(_ manifest: Manifest) -> JSONValue.Member {
    .init("total", number(manifest.totalSize))
  }

  private static func entries(_ manifest: Manifest) -> JSONValue.Member {
    .init("entries", .array(manifest.entries.map(entry)))
  }

  private static func entry(_ entry: TransferEntry) -> JSONValue {
    let path = JSONValue.Member("path", .text(entry.path.description))
    return switch entry.kind {
    case .file(let size):
      .object([path, .init("kind", .text("file")), .init("size", number(size))])
    case .folder: .object([path, .init("kind", .text("folder"))])
    case .link(let target):
      .object([path, .init("kind", .text("link")), .init("target", .text(target))])
    }
  }

  fileprivate static func number(_ value: UInt64?) -> JSONValue {
    value.map { .integer(Int64(clamping: $0)) } ?? .null
  }

  fileprivate static func tell(_ event: String, _ members: [JSONValue.Member]) {
    let line = JSONValue.object([.init("event", .text(event))] + members).description + "\n"
    output.withLock { _ in write([UInt8](line.utf8)[...]) }
  }

  private static func write(_ line: ArraySlice<UInt8>) {
    var bytes = line
    // A reader that has gone is no reason to end a transfer.
    while !bytes.isEmpty {
      let written = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
      }
      guard written > 0 || errno == EINTR else { return }
      bytes = bytes.dropFirst(max(0, written))
    }
  }
}

/// One transfer, told four times a second at most.
private final class EventProgress: TransferProgress {
  private static let interval = Interval.milliseconds(250)

  private let number: JSONValue.Member
  private let total: JSONValue
  private let next = Mutex(SystemClock.sinceBoot)

  init(_ number: Int, _ transfer: TransferSummary) {
    self.number = .init("transfer", .integer(Int64(number)))
    total = EventWatcher.number(transfer.manifest.totalSize)
  }

  func advanced(to byteCount: UInt64) {
    let now = SystemClock.sinceBoot
    let isDue = next.withLock { next in
      guard now >= next else { return false }
      next = now + Self.interval.milliseconds
      return true
    }
    guard isDue else { return }
    EventWatcher.tell(
      "progress", [number, .init("bytes", EventWatcher.number(byteCount)), .init("total", total)])
  }

  func completed(byteCount: UInt64, names: [String]) {
    EventWatcher.tell(
      "completed",
      [
        number, .init("bytes", EventWatcher.number(byteCount)), .init("verified", .bool(true)),
        .init("names", .array(names.map { .text($0) })),
      ])
  }

  func left(with mailbox: PrincipalName, byteCount: UInt64) {
    EventWatcher.tell(
      "left",
      [
        number, .init("bytes", EventWatcher.number(byteCount)),
        .init("mailbox", .text(mailbox.description)),
      ])
  }

  func failed(_ reason: ClientFailure) {
    EventWatcher.tell("broken", [number, .init("reason", .text(reason.description))])
  }
}
