public import DurableFiles
public import FileTransfer
public import KeyDistribution
public import Wire

/// A transfer whose content begins to travel.
public struct TransferSummary: Sendable {
  /// Which way the content goes.
  public enum Direction: String, Sendable {
    /// To the peer.
    case send
    /// From the peer.
    case receive
  }

  /// Which way the content goes.
  public let direction: Direction
  /// The other one, who has proven to be that.
  public let peer: TrustedPeer
  /// What it consists of.
  public let manifest: Manifest
  /// How many bytes of it were there already.
  public let offset: UInt64
  /// Where it has waited; nil for what comes from its sender.
  public let mailbox: Mailbox?

  /// A mailbox that it has waited with.
  public struct Mailbox: Hashable, Sendable {
    /// The mailbox's own name.
    public let name: PrincipalName
    /// When its sender has sealed it, by the KDC's clock.
    public let left: Timestamp
  }

  init(
    _ direction: Direction, _ peer: TrustedPeer, _ manifest: Manifest, offset: UInt64,
    mailbox: Mailbox? = nil
  ) {
    self.mailbox = mailbox
    self.direction = direction
    self.peer = peer
    self.manifest = manifest
    self.offset = offset
  }

  /// In a word or two, safe to show.
  var title: String { ShownManifest(manifest).title }
}

/// Is told what a program of this project does, while it does it.
public protocol TransferWatcher: Sendable {
  /// A receiver can be found now.
  func listens(on port: UInt16, as name: PrincipalName)

  /// Whoever follows this transfer is told the rest of it.
  func began(_ transfer: TransferSummary) -> any TransferProgress

  /// An offer is not taken; nothing of it has been written.
  ///
  /// - Parameters:
  ///   - peer: Who made it, and has proven to be that.
  ///   - manifest: What is offered; nil when its list was not looked at, or broke the rules.
  func refused(_ peer: PrincipalName, _ manifest: Manifest?, because reason: String)

  /// Something waits with a mailbox; nothing was done about it.
  func waits(_ deposit: WaitingSummary)

  /// A text has come, whole and verified.
  func received(text: [UInt8]) throws(FileFailure)
}

extension TransferWatcher {
  /// Who is at a terminal is told in words.
  public func refused(_ peer: PrincipalName, _ manifest: Manifest?, because reason: String) {}

  /// Shows a line of it on standard output.
  public func waits(_ deposit: WaitingSummary) { print(deposit.line) }

  /// Shows it on standard output.
  public func received(text: [UInt8]) throws(FileFailure) { try ShownText(text).write() }
}

/// Follows one transfer. One of the three ends is told, and nothing after it.
public protocol TransferProgress: Sendable {
  /// So many bytes have been sent or received, those that were there already included.
  func advanced(to byteCount: UInt64)

  /// Everything is there, and verified.
  ///
  /// - Parameter names: the names that things got at the receiver's, where they may be others.
  func completed(byteCount: UInt64, names: [String])

  /// Everything is with a mailbox; the receiver has not got it yet.
  func left(with mailbox: PrincipalName, byteCount: UInt64)

  /// Nothing more comes.
  func failed(_ reason: ClientFailure)
}

/// Says nothing.
public struct SilentWatcher: TransferWatcher {
  /// It is told all, and says nothing.
  public init() {}
  public func listens(on port: UInt16, as name: PrincipalName) {}
  public func began(_ transfer: TransferSummary) -> any TransferProgress { SilentProgress() }
}

/// Says nothing of one transfer.
struct SilentProgress: TransferProgress {
  func advanced(to byteCount: UInt64) {}
  func completed(byteCount: UInt64, names: [String]) {}
  func left(with mailbox: PrincipalName, byteCount: UInt64) {}
  func failed(_ reason: ClientFailure) {}
}
