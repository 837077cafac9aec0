internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A change of presence as one line of `pwd.txt.presence`; moments are in milliseconds since 1970.
///
///     name=bob kvno=3 login=<moment> end=<moment> addresses=192.0.2.7:60000,[2001:db8::1]:60000
///     key=<base64> issued=<moment> expires=<moment> keykvno=3 signature=<base64>
///     ticketkey=sealed:<base64> service=mailbox sum=<16 hexadecimal digits>
///
///     withdrawn=bob login=<moment> sum=<16 hexadecimal digits>
///
/// Who serves nobody but itself is without `service`.
enum PresenceLine: Hashable {
  case announced(PresenceRecord)
  case withdrawn(PrincipalName, loginTime: Timestamp)

  /// The line without its newline. A record whose parts have other lengths than they must have is
  /// our own mistake.
  var text: String {
    switch self {
    case .withdrawn(let name, let loginTime):
      return ChecksummedLine.text("withdrawn=\(name) login=\(loginTime.milliseconds)")
    case .announced(let record):
      precondition((1...PresenceRecord.addressLimit).contains(record.addresses.count))
      let fields = [
        "name=\(record.name)",
        "kvno=\(record.keyVersion)",
        "login=\(record.loginTime.milliseconds)",
        "end=\(record.loginEnd.milliseconds)",
        "addresses=\(record.addresses.map(\.description).joined(separator: ","))",
        loginKeyFields(record.loginKey, sealedTicketKey: record.sealedTicketKey),
      ]
      let service = record.service.map { ["service=\(Self.name(of: $0))"] } ?? []
      return ChecksummedLine.text((fields + service).joined(separator: " "))
    }
  }

  /// Reads a line without its newline.
  init(_ line: RawSpan) throws(LineFault) {
    try ChecksummedLine.check(line)
    var reader = LineReader(try ChecksummedLine.fields(line))
    if reader.isNext("withdrawn") {
      self = .withdrawn(try reader.name("withdrawn"), loginTime: try reader.moment("login"))
    } else {
      self = .announced(try Self.record(&reader))
    }
    try reader.finish()
  }

  private static func record(_ reader: inout LineReader) throws(LineFault) -> PresenceRecord {
    let name = try reader.name("name")
    let keyVersion = try reader.number("kvno", as: UInt32.self)
    let loginTime = try reader.moment("login")
    let loginEnd = try reader.moment("end")
    let spelled = try reader.text("addresses").split(
      separator: ",", omittingEmptySubsequences: false)
    let addresses = spelled.compactMap { networkAddress($0) }
    guard addresses.count == spelled.count, addresses.count <= PresenceRecord.addressLimit else {
      throw .invalid("addresses")
    }
    let (loginKey, sealedTicketKey) = try reader.loginKeys()
    return PresenceRecord(
      name: name, keyVersion: keyVersion, loginTime: loginTime, loginEnd: loginEnd,
      addresses: addresses, loginKey: loginKey, service: try service(&reader),
      sealedTicketKey: sealedTicketKey)
  }

  private static func service(_ reader: inout LineReader) throws(LineFault) -> ServiceKind? {
    guard reader.isNext("service") else { return nil }
    guard try reader.text("service") == name(of: .mailbox) else { throw .invalid("service") }
    return .mailbox
  }

  private static func name(of service: ServiceKind) -> String {
    switch service {
    case .mailbox: "mailbox"
    }
  }
}
