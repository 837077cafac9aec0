import KeyDistribution
import Wire

/// What an audit record has between its number and its MAC: time, event, and who.
///
/// Names, addresses and reasons are of our own alphabets, without anything that JSON escapes.
struct AuditMembers {
  private var text = EventText()

  /// Of a record, as `AuditChain` takes them.
  var bytes: [UInt8] { text.bytes }

  mutating func set(_ event: CenterEvent, at now: Timestamp) {
    begin(at: now)
    switch event.kind {
    case .registered: append("registered\"")
    case .loggedIn: append("logged-in\"")
    case .secretChanged(let keyVersion):
      append("secret-changed\",\"kvno\":")
      text.append(decimal: Int(keyVersion))
    case .keyIssued(let purpose, let ticketID):
      append("key-issued\",\"purpose\":\"")
      text.append(purpose)
      append("\",\"ticket\":\"")
      text.append(hexadecimal: ticketID)
      append("\"")
    case .announced: append("announced\"")
    case .withdrawn: append("withdrawn\"")
    case .depositsTaken: append("deposits-taken\"")
    case .operated(let act):
      append("operator-")
      text.append(act.rawValue)
      append("\"")
    case .probed(let port, let isReached):
      append("probed\",\"port\":")
      text.append(decimal: Int(port))
      append(isReached ? ",\"reached\":\"yes\"" : ",\"reached\":\"no\"")
    case .refused(let reason):
      append("refused\",\"reason\":\"")
      text.append(reason.rawValue)
      append("\"")
    }
    if let name = event.name { append(",\"name\":\"", name) }
    if let peer = event.peer { append(",\"for\":\"", peer) }
    if event.source != .nowhere {
      append(",\"from\":\"")
      text.append(event.source)
      append("\"")
    }
  }

  /// A record about the trail itself.
  ///
  /// - Parameter texts: by their names; whatever they hold is escaped.
  mutating func set(
    _ event: String, count: Int? = nil, _ texts: [(String, String)] = [], at now: Timestamp
  ) {
    begin(at: now)
    text.append("\(event)\"")
    if let count { text.append(",\"events\":\(count)") }
    for (key, value) in texts { text.append(",\"\(key)\":\(JSONValue.text(value))") }
  }

  private mutating func begin(at now: Timestamp) {
    text.removeAll()
    append("\"time\":\"")
    text.append(now)
    append("\",\"event\":\"")
  }

  private mutating func append(_ words: StaticString) { text.append(words) }

  private mutating func append(_ words: StaticString, _ name: PrincipalName) {
    text.append(words)
    text.append(name)
    append("\"")
  }
}
