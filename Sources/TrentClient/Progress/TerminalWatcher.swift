internal import FileTransfer
internal import Synchronization
internal import SystemClock
public import Wire

/// Shows a person at a terminal how far transfers have come: ten times a second at most, and
/// nothing where standard error is no terminal.
public struct TerminalWatcher: TransferWatcher {
  /// Standard error is the only place that it writes to.
  public init() {}

  public func listens(on port: UInt16, as name: PrincipalName) {}

  public func began(_ transfer: TransferSummary) -> any TransferProgress {
    StatusLine.shared.width == nil ? SilentProgress() : BarProgress(transfer)
  }
}

/// One transfer as a bar. Of several at a time, each shows itself as it advances.
final class BarProgress: TransferProgress {
  private struct Pace {
    var shownAt: UInt64
    var byteCount: UInt64
    /// Bytes a second, lately.
    var rate: Double = 0
  }

  /// In milliseconds, as the following.
  private static let interval: UInt64 = 100
  /// A rate follows what happens within some seconds.
  private static let memory = 2000.0

  private let bar: ProgressBar
  private let pace: Mutex<Pace>

  init(_ transfer: TransferSummary) {
    bar = ProgressBar(title: transfer.title, total: transfer.manifest.totalSize)
    pace = Mutex(Pace(shownAt: SystemClock.sinceBoot, byteCount: transfer.offset))
    show(transfer.offset, rate: 0)
  }

  func advanced(to byteCount: UInt64) {
    let now = SystemClock.sinceBoot
    let rate = pace.withLock { pace -> Double? in
      let elapsed = now - pace.shownAt
      guard elapsed >= Self.interval else { return nil }
      let present = Double(byteCount - min(byteCount, pace.byteCount)) / Double(elapsed) * 1000
      let weight = pace.rate == 0 ? 1 : min(1, Double(elapsed) / Self.memory)
      pace.rate += (present - pace.rate) * weight
      pace.shownAt = now
      pace.byteCount = byteCount
      return pace.rate
    }
    if let rate { show(byteCount, rate: rate) }
  }

  func completed(byteCount: UInt64, names: [String]) { StatusLine.shared.show("") }

  func left(with mailbox: PrincipalName, byteCount: UInt64) { StatusLine.shared.show("") }

  func failed(_ reason: ClientFailure) { StatusLine.shared.show("") }

  private func show(_ byteCount: UInt64, rate: Double) {
    guard let width = StatusLine.shared.width else { return }
    StatusLine.shared.show(bar.line(at: byteCount, rate: rate, width: width))
  }
}
