import KeyDistribution
import SystemClock
import Wire

/// Events as what an audit record has between its number and its MAC: time, event, and who.
enum AuditEvent {
  static func members(of event: CenterEvent, at now: Timestamp) -> [UInt8] {
    var members = begin(Self.name(event), at: now)
    switch event.kind {
    case .secretChanged(let keyVersion): append("kvno", Int(keyVersion), to: &members)
    case .keyIssued(let purpose, let ticketID):
      append("purpose", "\(purpose)", to: &members)
      append("ticket", ticketID.map(Self.hexadecimal).joined(), to: &members)
    case .probed(let port, let isReached):
      append("port", Int(port), to: &members)
      append("reached", isReached ? "yes" : "no", to: &members)
    case .refused(let reason): append("reason", reason.rawValue, to: &members)
    case .registered, .loggedIn, .announced, .withdrawn, .operated: break
    }
    if let name = event.name { append("name", "\(name)", to: &members) }
    if let peer = event.peer { append("for", "\(peer)", to: &members) }
    if event.source != .nowhere { append("from", "\(event.source)", to: &members) }
    return members
  }

  /// A record about the trail itself.
  static func members(
    _ name: String, count: Int? = nil, _ texts: [(String, String)] = [], at now: Timestamp
  ) -> [UInt8] {
    var members = begin(name, at: now)
    if let count { append("events", count, to: &members) }
    for (key, text) in texts { append(key, text, to: &members) }
    return members
  }

  private static func name(_ event: CenterEvent) -> String {
    switch event.kind {
    case .registered: "registered"
    case .loggedIn: "logged-in"
    case .secretChanged: "secret-changed"
    case .keyIssued: "key-issued"
    case .announced: "announced"
    case .withdrawn: "withdrawn"
    case .operated(let act): "operator-" + act.rawValue
    case .probed: "probed"
    case .refused: "refused"
    }
  }

  private static func begin(_ name: String, at now: Timestamp) -> [UInt8] {
    var members: [UInt8] = []
    members.reserveCapacity(256)
    members += #""time":""#.utf8
    members += SystemClock.text(now).utf8
    members += #"","event":""#.utf8
    members += name.utf8
    members.append(UInt8(ascii: "\""))
    return members
  }

  private static func append(_ key: String, _ text: String, to members: inout [UInt8]) {
    members += #",""#.utf8
    members += key.utf8
    members += "\":".utf8
    // Escapes whatever a text may hold; ours hold nothing of the kind.
    members += JSONValue.text(text).description.utf8
  }

  private static func append(_ key: String, _ number: Int, to members: inout [UInt8]) {
    members += #",""#.utf8
    members += key.utf8
    members += "\":".utf8
    members += String(number).utf8
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
