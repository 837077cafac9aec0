internal import DurableFiles
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import SystemClock
internal import Transport
public import Wire

/// Who talks with whom.
public struct ChatOptions: Sendable {
  public var kdc: KDCOptions
  public var signIn: SignInOptions
  public var peer: PrincipalName
  public var newPeer: NewPeerPolicy
  /// Whether lines to somebody who is away may be left with a mailbox.
  public var mailbox = MailboxUse.whenAway(via: nil)
  /// Where to listen; 0 picks a free port.
  public var port: UInt16 = 0
  /// As `ReceiveOptions.announced`.
  public var announced: [HostAndPort] = []

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

  public init(_ options: ChatOptions, state: StateFolder, person: any Person) {
    self.options = options
    self.state = state
    self.person = person
  }

  public func run() throws(ClientFailure) {
    guard options.peer != options.signIn.name else {
      throw ClientFailure(.usage, "You cannot chat with yourself.")
    }
    let signOn = SignOn(options.kdc, options.signIn, in: state, person: person)
    var start = try signOn.begin()
    let keptLogin = try keep(start.login, in: start.link.realm)
    defer { if let keptLogin { _ = try? keptLogin.remove() } }
    let quiet = QuietPerson(person)
    let heard = ChatTexts(peer: options.peer)
    _ = try HomeLook(receiving(with: heard), state: state).run(
      &start, signOn, person: quiet, until: NoStop())
    let lines = ChatLines(options, signOn, start, state: state, person: person)
    let watcher = ChatWatcher(lines, heard)
    try Receiver(receiving(with: watcher), state: state, person: quiet).run()
  }

  /// A login for which a person has typed a passphrase is kept while the chat lasts, so that it
  /// serves both directions.
  ///
  /// - Returns: where it is to be removed from.
  private func keep(
    _ login: borrowing Login, in realm: Realm
  ) throws(ClientFailure) -> CredentialCache? {
    switch login.account {
    case .none: return nil
    case .some: break
    }
    guard options.signIn.secret.isTyped else { return nil }
    let cache = CredentialCache(
      of: options.signIn.name, in: realm.hexadecimalID, state: state, person: person)
    try cache.save(login.credential)
    return cache
  }

  private func receiving(with watcher: any TransferWatcher) -> ReceiveOptions {
    var signIn = options.signIn
    signIn.registers = false
    var receiving = ReceiveOptions(
      kdc: options.kdc, signIn: signIn, output: .texts, port: options.port,
      announced: options.announced, newPeer: options.newPeer)
    receiving.keeps = true
    receiving.fetchesFirst = true
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
