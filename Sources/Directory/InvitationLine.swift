internal import KeyDistribution
internal import SecretMemory
public import Wire

/// What became of an invitation, as one line of `pwd.txt.invitations`; moments are in milliseconds
/// since 1970.
///
///     invitation=<base64> name=<name or -> expires=<moment> sum=<16 hexadecimal digits>
///     spent=<base64> name=bob kvno=17 sum=<16 hexadecimal digits>
///     open=<base64> sum=<16 hexadecimal digits>
enum InvitationLine: Hashable {
  case made(InvitationRecord)
  case spent(hash: [UInt8], UserKey)
  /// What it was spent on did not come about.
  case reopened(hash: [UInt8])

  /// The line without its newline.
  var text: String {
    let fields =
      switch self {
      case .made(let record):
        "invitation=\(Base64.encode(record.hash)) name=\(record.name?.description ?? "-") "
          + "expires=\(record.expires.milliseconds)"
      case .spent(let hash, let user):
        "spent=\(Base64.encode(hash)) name=\(user.name) kvno=\(user.keyVersion)"
      case .reopened(let hash): "open=\(Base64.encode(hash))"
      }
    return ChecksummedLine.text(fields)
  }

  /// Reads a line without its newline.
  init(_ line: RawSpan) throws(LineFault) {
    try ChecksummedLine.check(line)
    var reader = LineReader(try ChecksummedLine.fields(line))
    let count = InvitationRecord.hashByteCount
    if reader.isNext("spent") {
      let hash = try reader.bytes("spent", count: count)
      let name = try reader.name("name")
      self = .spent(hash: hash, UserKey(name: name, keyVersion: try reader.number("kvno")))
    } else if reader.isNext("open") {
      self = .reopened(hash: try reader.bytes("open", count: count))
    } else {
      let hash = try reader.bytes("invitation", count: count)
      let name = try reader.optionalName("name")
      self = .made(
        InvitationRecord(hash: hash, name: name, expires: try reader.moment("expires")))
    }
    try reader.finish()
  }
}

/// A user's record as it came about once.
public struct UserKey: Hashable, Sendable {
  public let name: PrincipalName
  public let keyVersion: UInt32

  public init(name: PrincipalName, keyVersion: UInt32) {
    self.name = name
    self.keyVersion = keyVersion
  }
}

/// What a KDC keeps of an invitation.
public struct InvitationRecord: Hashable, Sendable {
  public static let hashByteCount = 32

  /// `Invitation.hash`.
  public let hash: [UInt8]
  /// The one name that it is for; nil: any name that is free.
  public let name: PrincipalName?
  public let expires: Timestamp

  public init(hash: [UInt8], name: PrincipalName?, expires: Timestamp) {
    self.hash = hash
    self.name = name
    self.expires = expires
  }
}
