internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
public import Wire

/// Who talks with whom.
public struct ChatOptions: Sendable {
  /// Which KDC.
  public var kdc: KDCOptions
  /// Who chats, and how that is proven.
  public var signIn: SignInOptions
  /// With whom.
  public var peer: PrincipalName
  /// What to do when the peer has not been met before.
  public var newPeer: NewPeerPolicy
  /// Whether lines to somebody who is away may be left with a mailbox.
  public var mailbox = MailboxUse.whenAway(via: nil)
  /// Where to listen; 0 picks a free port.
  public var port: UInt16 = 0
  /// As `ReceiveOptions.announced`.
  public var announced: [HostAndPort] = []

  /// What has to be said; the rest is as usual.
  public init(
    kdc: KDCOptions, signIn: SignInOptions, peer: PrincipalName, newPeer: NewPeerPolicy = .accept
  ) {
    self.kdc = kdc
    self.signIn = signIn
    self.peer = peer
    self.newPeer = newPeer
  }
}

/// Lines both ways between two users: each is a text (PROTOCOL.md, 5.5) in a session of its own, or
/// in a deposit, and what became of it is said. Ends with standard input, or by a signal.
public struct Chat {
  private let options: ChatOptions
  private let state: StateFolder
  private let person: any Person

  /// Nothing is done before `run`.
  public init(_ options: ChatOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  /// Signs in, and chats until standard input ends. Blocks.
  public func run() throws(ClientFailure) {
    guard options.peer != options.signIn.name else {
      throw ClientFailure(.usage, "You cannot chat with yourself.")
    }
    let quiet = QuietPerson(person)
    let heard = ChatTexts(peer: options.peer)
    let place = try Receiver(receiving(with: heard), state: state, person: quiet).place()
    var signIn = options.signIn
    signIn.port = place.listener.port
    let start = try SignOn(options.kdc, signIn, in: state, person: person).begin()
    // One login for both directions, and whoever renews it does so for both.
    let shared = SharedLogin()
    let sending = SignOn.ofCopy(
      options.kdc, options.signIn, in: state, person: person, sharing: shared)
    let lines = ChatLines(
      options, sending, try sending.copy(of: start.login.credential), state: state, person: person)
    let watcher = ChatWatcher(lines, heard)
    signIn.registers = false
    let renewing = SignOn(options.kdc, signIn, in: state, person: quiet, sharing: shared)
    try Receiver(receiving(with: watcher), state: state, person: quiet).serve(
      at: place, renewing, start)
  }

  private func receiving(with watcher: any TransferWatcher) -> ReceiveOptions {
    var receiving = ReceiveOptions(
      kdc: options.kdc, signIn: options.signIn, output: .texts, port: options.port,
      announced: options.announced, newPeer: options.newPeer)
    receiving.keeps = true
    receiving.fetchesFirst = true
    receiving.listensAfterFetching = true
    receiving.rules = TransferRules(senders: .names([options.peer]))
    receiving.watcher = watcher
    return receiving
  }
}

/// Shows what the other one says.
private struct ChatTexts: TransferWatcher {
  let peer: PrincipalName

  func listens(on port: UInt16, as name: PrincipalName) {}

  func began(_ transfer: TransferSummary) -> any TransferProgress { SilentProgress() }

  func received(text: [UInt8]) throws(FileFailure) {
    try ShownText(text, from: peer).write()
  }
}

/// The same; and one's own lines begin when one can be found.
private final class ChatWatcher: TransferWatcher {
  private let lines: Handover<ChatLines>
  private let heard: ChatTexts

  init(_ lines: consuming ChatLines, _ heard: ChatTexts) {
    self.lines = Handover(lines)
    self.heard = heard
  }

  func listens(on port: UInt16, as name: PrincipalName) {
    let hasBegun = WorkerThread.start { [lines] in
      if var lines = lines.take() { lines.run() }
      Self.end()
    }
    if !hasBegun { Self.end() }
  }

  /// A service ends well by that.
  private static func end() { kill(getpid(), SIGTERM) }

  func began(_ transfer: TransferSummary) -> any TransferProgress { heard.began(transfer) }

  func received(text: [UInt8]) throws(FileFailure) { try heard.received(text: text) }
}
