import KeyDistribution
import SystemClock
import Wire

/// Events as lines of text, gathered to be written at once. There may be many thousands a second,
/// which is why no line is put together out of strings.
struct EventLines {
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0
  /// The text of the latest moment: most lines have the same one as the line before.
  private var moment = (Timestamp(milliseconds: 0), text: [UInt8]())

  mutating func append(_ event: CenterEvent, at now: Timestamp) {
    begin(at: now)
    switch event.kind {
    case .registered: append(" registered")
    case .loggedIn: append(" logged-in")
    case .secretChanged(let keyVersion):
      append(" secret-changed kvno=")
      decimal(Int(keyVersion))
    case .keyIssued(let purpose, let ticketID):
      append(" key-issued purpose=")
      append(Self.text(purpose))
      append(" ticket=")
      for byte in ticketID {
        digit(byte >> 4)
        digit(byte & 15)
      }
    case .announced: append(" announced")
    case .withdrawn: append(" withdrawn")
    case .operated(let act):
      append(" operator-")
      append(act.rawValue)
    case .probed(let port, let isReached):
      append(" probed port=")
      decimal(Int(port))
      append(isReached ? " reached=yes" : " reached=no")
    case .refused: append(" refused")
    }
    if let name = event.name {
      append(" name=")
      append(name)
    }
    if let peer = event.peer {
      append(" for=")
      append(peer)
    }
    if event.source != .nowhere {
      append(" from=")
      append(event.source)
    }
    if case .refused(let reason) = event.kind {
      append(" reason=\"")
      append(reason.rawValue)
      append("\"")
    }
    end()
  }

  /// Says that so many events have no line.
  mutating func append(lost: Int, at now: Timestamp) {
    begin(at: now)
    append(" lost events=\(lost)")
    end()
  }

  /// Begins anew, with the same memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }

  private mutating func begin(at now: Timestamp) {
    if moment.0 != now || moment.text.isEmpty {
      moment = (now, [UInt8](SystemClock.text(now).utf8))
    }
    bytes += moment.text
  }

  private mutating func end() {
    bytes.append(UInt8(ascii: "\n"))
    count += 1
  }

  private mutating func append(_ text: String) { bytes += text.utf8 }

  private mutating func append(_ text: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func append(_ name: PrincipalName) {
    unsafe name.spelling.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  private static func text(_ purpose: Purpose) -> StaticString {
    switch purpose {
    case .session: "session"
    case .service: "service"
    case .deposit: "deposit"
    }
  }

  private mutating func append(_ address: NetworkAddress) {
    guard address.isIPv4 else { return append(address.description) }
    for shift in stride(from: 24, through: 0, by: -8) {
      decimal(Int(address.networkNumber >> UInt64(shift) & 255))
      bytes.append(shift > 0 ? UInt8(ascii: ".") : UInt8(ascii: ":"))
    }
    decimal(Int(address.port))
  }

  private mutating func decimal(_ number: Int) {
    if number >= 10 { decimal(number / 10) }
    digit(UInt8(number % 10))
  }

  private mutating func digit(_ value: UInt8) {
    bytes.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
  }
}
