import KeyDistribution
import SystemClock
import Wire

/// Events as lines of text, gathered to be written at once.
struct EventLines {
  private var text = EventText()
  private(set) var count = 0

  var bytes: [UInt8] { text.bytes }

  mutating func append(_ event: CenterEvent, at now: Timestamp) {
    text.append(now)
    switch event.kind {
    case .registered: append(" registered")
    case .loggedIn: append(" logged-in")
    case .secretChanged(let keyVersion):
      append(" secret-changed kvno=")
      text.append(decimal: Int(keyVersion))
    case .keyIssued(let purpose, let ticketID):
      append(" key-issued purpose=")
      text.append(purpose)
      append(" ticket=")
      text.append(hexadecimal: ticketID)
    case .announced: append(" announced")
    case .withdrawn: append(" withdrawn")
    case .depositsTaken: append(" deposits-taken")
    case .operated(let act):
      append(" operator-")
      text.append(act.rawValue)
    case .probed(let port, let isReached):
      append(" probed port=")
      text.append(decimal: Int(port))
      append(isReached ? " reached=yes" : " reached=no")
    case .refused: append(" refused")
    }
    if let name = event.name {
      append(" name=")
      text.append(name)
    }
    if let peer = event.peer {
      append(" for=")
      text.append(peer)
    }
    if event.source != .nowhere {
      append(" from=")
      text.append(event.source)
    }
    if case .refused(let reason) = event.kind {
      append(" reason=\"")
      text.append(reason.rawValue)
      append("\"")
    }
    end()
  }

  /// Says that so many events have no line.
  mutating func append(lost: Int, at now: Timestamp) {
    text.append(now)
    text.append(" lost events=\(lost)")
    end()
  }

  /// Begins anew, with the same memory.
  mutating func removeAll() {
    text.removeAll()
    count = 0
  }

  private mutating func append(_ words: StaticString) { text.append(words) }

  private mutating func end() {
    append("\n")
    count += 1
  }
}
