internal import FileTransfer
internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// The lines that a person writes, on their way to the other one, one after the other.
struct ChatLines: ~Copyable {
  private let options: ChatOptions
  private let signOn: SignOn
  private let state: StateFolder
  private let person: any Person
  private var start: SignOn.Start
  private var input = InputLines(descriptor: STDIN_FILENO, limit: Manifest.textLimit)

  init(
    _ options: ChatOptions, _ signOn: SignOn, _ start: consuming SignOn.Start,
    state: StateFolder, person: any Person
  ) {
    self.options = options
    self.signOn = signOn
    self.state = state
    self.person = person
    self.start = start
  }

  /// Until standard input ends.
  mutating func run() {
    tellWhetherThere()
    while let line = input.next() {
      if !line.isEmpty { person.say("  " + became(of: line)) }
    }
  }

  private mutating func tellWhetherThere() {
    let tickets = PeerTickets(
      for: options.peer, .session, signOn, state: state, newPeers: newPeers,
      person: QuietPerson(person))
    do throws(ClientFailure) {
      _ = try tickets.next(&start.login, over: &start.link)
      person.say("\(options.peer) is there")
    } catch {
      let isAbsent = error.exitCode == ExitStatus.receiverAbsent.rawValue
      person.say(isAbsent ? "\(options.peer) is not there now" : error.description)
    }
  }

  private var newPeers: NewPeers {
    NewPeers(policy: options.newPeer, person: QuietPerson(person))
  }

  /// Brings a line to the other one, or to a mailbox. What became of it, in words.
  private mutating func became(of line: String) -> String {
    var sending = SendOptions(
      kdc: options.kdc, signIn: options.signIn, receiver: options.peer, input: .text(line),
      newPeer: options.newPeer)
    sending.mailbox = options.mailbox
    let quiet = QuietPerson(person)
    let delivery = Delivery(sending, signOn, state: state, person: quiet)
    do throws(ClientFailure) {
      var input = try InputSource(.text(line), telling: quiet)
      let retries = Retries(for: .milliseconds(0), person: quiet)
      switch try delivery.run(&input, &start, retries) {
      case .received: return "delivered"
      case .left(let mailbox, _): return "waits at \(mailbox) until \(options.peer) fetches it"
      }
    } catch {
      return "not delivered: \(error)"
    }
  }
}

/// A descriptor read line by line.
private struct InputLines {
  private static let newline = UInt8(ascii: "\n")

  let descriptor: Int32
  /// The longest line, in bytes; the rest of a longer one is the next line. No character is torn.
  let limit: Int
  private var pending: [UInt8] = []
  private var hasEnded = false

  init(descriptor: Int32, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  /// The next line without its end; nil after the last.
  mutating func next() -> String? {
    while true {
      if let end = pending.prefix(limit).firstIndex(of: Self.newline) {
        return take(end, dropping: 1)
      }
      if pending.count > limit { return take(wholeCount(limit), dropping: 0) }
      if hasEnded { return pending.isEmpty ? nil : take(pending.count, dropping: 0) }
      fill()
    }
  }

  /// So many of the first bytes, or a few less where a character of UTF-8 would be torn.
  private func wholeCount(_ limit: Int) -> Int {
    // Its first byte is the last one that does not go on with another.
    let start = pending[...limit].suffix(4).lastIndex { $0 & 0xC0 != 0x80 }
    return start ?? limit
  }

  private mutating func take(_ count: Int, dropping rest: Int) -> String {
    let line = String(decoding: pending.prefix(count), as: UTF8.self)
    pending.removeFirst(count + rest)
    return line
  }

  private mutating func fill() {
    var piece = [UInt8](repeating: 0, count: 4096)
    let count = unsafe piece.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress, $0.count)
    }
    if count > 0 {
      pending += piece.prefix(count)
    } else if count == 0 || errno != EINTR {
      hasEnded = true
    }
  }
}
