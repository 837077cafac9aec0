internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A user's record as one line of `pwd.txt`:
///
///     name=alice ip=192.0.2.7 port=60000 kvno=17 argon2id=t3,m65536,p4 salt=<base64>
///     digest=sealed:<base64> identity=<base64 or -> certificate=<base64 or -> state=active
///     [callers=bob,carol] sum=<16 hexadecimal digits>
///
/// A line written by hand may have `digest=plain:` and the 32 bytes themselves. Such a line may do
/// without `identity`, `certificate` and `sum`.
///
/// A value is such a line, found to be right, whose parts are decoded only when they are asked for.
struct UserLine: ~Escapable {
  /// The name, spelled.
  let name: RawSpan
  /// Whether it has a plain digest. Its record's digest is empty then.
  let isPlain: Bool
  private let address: NetworkAddress
  private let keyVersion: UInt32
  private let parameters: Argon2Parameters
  private let state: UserRecord.State
  /// Names with commas between; nil: everybody.
  private let callers: [PrincipalName]?
  // In base 64.
  private let salt: RawSpan
  private let digest: RawSpan
  private let identity: RawSpan
  private let certificate: RawSpan

  static let digestByteCount = 32

  private static let plainPrefix: StaticString = "plain:"
  private static let sealedPrefix: StaticString = "sealed:"
  private static let certificateByteCount = VerifyingKey.signatureByteCount

  /// The line without its newline. A record whose parts have other lengths than they must have is
  /// our own mistake.
  static func text(_ record: UserRecord) -> String {
    precondition(record.salt.count == UserRecord.saltByteCount)
    precondition(record.sealedDigest.count == UserRecord.sealedDigestByteCount)
    precondition(record.certificate.count == (record.identity == nil ? 0 : certificateByteCount))
    let costs = record.parameters
    let fields =
      [
        "name=\(record.name)",
        "ip=\(record.address.host)",
        "port=\(record.address.port)",
        "kvno=\(record.keyVersion)",
        "argon2id=t\(costs.iterations),m\(costs.memoryKiB),p\(costs.parallelism)",
        "salt=\(Base64.encode(record.salt))",
        "digest=\(sealedPrefix)\(Base64.encode(record.sealedDigest))",
        "identity=\(record.identity.map { Base64.encode($0.bytes) } ?? "-")",
        "certificate=\(record.certificate.isEmpty ? "-" : Base64.encode(record.certificate))",
        "state=\(record.state.rawValue)",
      ] + (record.callers.map { ["callers=\(Self.list($0))"] } ?? [])
    return ChecksummedLine.text(fields.joined(separator: " "))
  }

  /// Reads a line without its newline.
  @_lifetime(copy line)
  init(_ line: RawSpan) throws(LineFault) {
    try ChecksummedLine.check(line)
    let hasSum = ChecksummedLine.hasSum(line)
    var reader = LineReader(hasSum ? try ChecksummedLine.fields(line) : line)

    name = try reader.nameText("name")
    let host = try reader.value("ip")
    guard let address = networkAddress(host: host, port: try reader.number("port")) else {
      throw .invalid("ip")
    }
    self.address = address
    keyVersion = try reader.number("kvno")
    guard let parameters = Self.parameters(try reader.value("argon2id")) else {
      throw .invalid("argon2id")
    }
    self.parameters = parameters
    salt = try reader.base64("salt", count: UserRecord.saltByteCount)
    isPlain = reader.isNext("digest", valueStarting: Self.plainPrefix)
    guard hasSum || isPlain else { throw .checksum }
    digest = try reader.base64(
      "digest", prefix: isPlain ? Self.plainPrefix : Self.sealedPrefix,
      count: isPlain ? Self.digestByteCount : UserRecord.sealedDigestByteCount)
    if !isPlain || reader.isNext("identity") {
      identity = try reader.optionalBase64("identity", count: VerifyingKey.byteCount)
      certificate = try reader.optionalBase64("certificate", count: Self.certificateByteCount)
      guard identity.byteCount > 0 || certificate.byteCount == 0,
        certificate.byteCount > 0 || identity.byteCount == 0
      else { throw .invalid("certificate") }
    } else {
      identity = line.extracting(first: 0)
      certificate = line.extracting(first: 0)
    }
    guard let state = Self.state(try reader.value("state")) else { throw .invalid("state") }
    self.state = state
    callers = reader.isNext("callers") ? try Self.callers(try reader.text("callers")) : nil
    try reader.finish()
  }

  /// How many characters the names of callers may take, so that a line is never too long.
  static let callersLimit = 400

  private static func list(_ names: [PrincipalName]) -> String {
    names.isEmpty ? "-" : names.map(\.description).joined(separator: ",")
  }

  private static func callers(_ text: String) throws(LineFault) -> [PrincipalName] {
    guard text != "-" else { return [] }
    let spelled = text.split(separator: ",", omittingEmptySubsequences: false)
    let names = spelled.compactMap { PrincipalName(String($0)) }
    guard names.count == spelled.count, list(names) == text, text.utf8.count <= callersLimit else {
      throw .invalid("callers")
    }
    return names
  }

  /// The record of the line.
  var record: UserRecord? {
    guard let name = PrincipalName(name) else { return nil }
    return UserRecord(
      name: name, address: address, keyVersion: keyVersion, parameters: parameters,
      salt: Base64.publicBytes(salt), sealedDigest: isPlain ? [] : Base64.publicBytes(digest),
      identity: VerifyingKey(Base64.publicBytes(identity)),
      certificate: Base64.publicBytes(certificate), state: state, callers: callers)
  }

  /// The digest (32 bytes) of a line with a plain one.
  var plainDigest: SecretBytes? { isPlain ? Base64.decode(digest) : nil }

  /// Reads `t3,m65536,p4`.
  private static func parameters(_ text: RawSpan) -> Argon2Parameters? {
    var rest = text
    guard let iterations = cost("t", &rest), let memoryKiB = cost(",m", &rest),
      let parallelism = cost(",p", &rest), rest.byteCount == 0
    else { return nil }
    return Argon2Parameters(
      iterations: iterations, memoryKiB: memoryKiB, parallelism: parallelism)
  }

  @_lifetime(rest: copy rest)
  private static func cost(_ label: StaticString, _ rest: inout RawSpan) -> UInt32? {
    guard rest.starts(with: label) else { return nil }
    let start = label.utf8CodeUnitCount
    var end = start
    while end < rest.byteCount, rest.byte(at: end) != UInt8(ascii: ",") { end += 1 }
    let cost: UInt32? = decimal(rest.extracting(start..<end))
    rest = rest.extracting(droppingFirst: end)
    return cost == 0 ? nil : cost
  }

  private static func state(_ text: RawSpan) -> UserRecord.State? {
    UserRecord.State.allCases.first { state in
      text.byteCount == state.rawValue.utf8.count && text.starts(with: state.rawValue)
    }
  }

  /// Whose line a damaged one seems to be: for the operator to read, never to act on.
  static func apparentName(_ line: RawSpan) -> PrincipalName? {
    var reader = LineReader(line)
    return try? reader.name("name")
  }
}
