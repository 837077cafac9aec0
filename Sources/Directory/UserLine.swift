internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A user's record as one line of `pwd.txt`:
///
///     name=alice ip=192.0.2.7 port=60000 kvno=17 argon2id=t3,m65536,p4 salt=<base64>
///     digest=sealed:<base64> identity=<base64 or -> certificate=<base64 or -> state=active
///     sum=<16 hexadecimal digits>
///
/// A line written by hand may have `digest=plain:` and the 32 bytes themselves. Such a line may do
/// without `identity`, `certificate` and `sum`.
struct UserLine: ~Copyable {
  /// Its digest is empty when the line has a plain one.
  var record: UserRecord
  let plainDigest: SecretBytes?

  static let digestByteCount = 32

  private static let plainPrefix = "plain:"
  private static let sealedPrefix = "sealed:"
  private static let certificateByteCount = VerifyingKey.signatureByteCount

  /// The line without its newline. A record whose parts have other lengths than they must have is
  /// our own mistake.
  static func text(_ record: UserRecord) -> String {
    precondition(record.salt.count == UserRecord.saltByteCount)
    precondition(record.sealedDigest.count == UserRecord.sealedDigestByteCount)
    precondition(record.certificate.count == (record.identity == nil ? 0 : certificateByteCount))
    let costs = record.parameters
    let fields = [
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
    ]
    return ChecksummedLine.text(fields.joined(separator: " "))
  }

  /// Reads a line without its newline.
  static func read(_ line: RawSpan) throws(LineFault) -> UserLine {
    try ChecksummedLine.check(line)
    let hasSum = ChecksummedLine.hasSum(line)
    var reader = LineReader(hasSum ? try ChecksummedLine.fields(line) : line)

    let name = try reader.name("name")
    let host = try reader.text("ip")
    guard let address = networkAddress(host: host, port: try reader.number("port")) else {
      throw .invalid("ip")
    }
    let keyVersion = try reader.number("kvno", as: UInt32.self)
    guard let parameters = parameters(try reader.text("argon2id")) else {
      throw .invalid("argon2id")
    }
    let salt = try reader.bytes("salt", count: UserRecord.saltByteCount)
    let isPlain = reader.isNext("digest", valueStarting: plainPrefix)
    guard hasSum || isPlain else { throw .checksum }
    let plainDigest =
      isPlain
      ? try reader.secret("digest", prefix: plainPrefix, count: digestByteCount) : nil
    let sealedDigest =
      isPlain
      ? []
      : try reader.bytes(
        "digest", prefix: sealedPrefix, count: UserRecord.sealedDigestByteCount)
    var identity: [UInt8] = []
    var certificate: [UInt8] = []
    if !isPlain || reader.isNext("identity") {
      identity = try reader.optionalBytes("identity", count: VerifyingKey.byteCount)
      certificate = try reader.optionalBytes("certificate", count: certificateByteCount)
      guard identity.isEmpty == certificate.isEmpty else { throw .invalid("certificate") }
    }
    guard let state = UserRecord.State(rawValue: try reader.text("state")) else {
      throw .invalid("state")
    }
    try reader.finish()
    let record = UserRecord(
      name: name, address: address, keyVersion: keyVersion, parameters: parameters, salt: salt,
      sealedDigest: sealedDigest, identity: VerifyingKey(identity),
      certificate: certificate, state: state)
    return UserLine(record: record, plainDigest: plainDigest)
  }

  /// Reads `t3,m65536,p4`.
  private static func parameters(_ text: String) -> Argon2Parameters? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3,
      let iterations = cost(parts[0], "t"), let memoryKiB = cost(parts[1], "m"),
      let parallelism = cost(parts[2], "p")
    else { return nil }
    return Argon2Parameters(
      iterations: iterations, memoryKiB: memoryKiB, parallelism: parallelism)
  }

  private static func cost(_ text: Substring, _ letter: Character) -> UInt32? {
    guard text.first == letter, let cost = decimal(text.dropFirst(), as: UInt32.self) else {
      return nil
    }
    return cost > 0 ? cost : nil
  }

  /// Whose line a damaged one seems to be: for the operator to read, never to act on.
  static func apparentName(_ line: RawSpan) -> PrincipalName? {
    var reader = LineReader(line)
    return try? reader.name("name")
  }
}
