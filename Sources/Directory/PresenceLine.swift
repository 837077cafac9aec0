internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A change of presence as one line of `pwd.txt.presence`; moments are in milliseconds since 1970.
///
///     name=bob kvno=3 login=<moment> end=<moment> addresses=192.0.2.7:60000,[2001:db8::1]:60000
///     key=<base64> issued=<moment> expires=<moment> keykvno=3 signature=<base64>
///     ticketkey=sealed:<base64> sum=<16 hexadecimal digits>
///
///     withdrawn=bob login=<moment> sum=<16 hexadecimal digits>
enum PresenceLine: Hashable {
  case announced(PresenceRecord)
  case withdrawn(PrincipalName, loginTime: Timestamp)

  private static let sealedPrefix: StaticString = "sealed:"

  /// The line without its newline. A record whose parts have other lengths than they must have is
  /// our own mistake.
  var text: String {
    switch self {
    case .withdrawn(let name, let loginTime):
      return ChecksummedLine.text("withdrawn=\(name) login=\(loginTime.milliseconds)")
    case .announced(let record):
      precondition((1...PresenceRecord.addressLimit).contains(record.addresses.count))
      precondition(record.sealedTicketKey.count == PresenceRecord.sealedTicketKeyByteCount)
      precondition(record.loginKey.signature.count == SignedLoginKey.signatureByteCount)
      let loginKey = record.loginKey
      let fields = [
        "name=\(record.name)",
        "kvno=\(record.keyVersion)",
        "login=\(record.loginTime.milliseconds)",
        "end=\(record.loginEnd.milliseconds)",
        "addresses=\(record.addresses.map(\.description).joined(separator: ","))",
        "key=\(Base64.encode(loginKey.key.bytes))",
        "issued=\(loginKey.issued.milliseconds)",
        "expires=\(loginKey.expires.milliseconds)",
        "keykvno=\(loginKey.keyVersion)",
        "signature=\(Base64.encode(loginKey.signature))",
        "ticketkey=\(Self.sealedPrefix)\(Base64.encode(record.sealedTicketKey))",
      ]
      return ChecksummedLine.text(fields.joined(separator: " "))
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
    let addresses = spelled.compactMap(address)
    guard addresses.count == spelled.count, addresses.count <= PresenceRecord.addressLimit else {
      throw .invalid("addresses")
    }
    guard
      let key = AgreementPublicKey(try reader.bytes("key", count: AgreementPublicKey.byteCount))
    else { throw .invalid("key") }
    let loginKey = SignedLoginKey(
      key: key, issued: try reader.moment("issued"), expires: try reader.moment("expires"),
      keyVersion: try reader.number("keykvno"),
      signature: try reader.bytes("signature", count: SignedLoginKey.signatureByteCount))
    return PresenceRecord(
      name: name, keyVersion: keyVersion, loginTime: loginTime, loginEnd: loginEnd,
      addresses: addresses, loginKey: loginKey,
      sealedTicketKey: try reader.bytes(
        "ticketkey", prefix: sealedPrefix, count: PresenceRecord.sealedTicketKeyByteCount))
  }

  /// Reads `192.0.2.7:60000` or `[2001:db8::1]:60000`.
  private static func address(_ text: Substring) -> NetworkAddress? {
    guard let colon = text.lastIndex(of: ":"),
      let port = decimal([UInt8](text[text.index(after: colon)...].utf8).bytes, as: UInt16.self)
    else { return nil }
    let host = text[..<colon]
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
    guard let address = networkAddress(host: [UInt8](bare.utf8).bytes, port: port),
      address.description == text
    else { return nil }
    return address
  }
}
