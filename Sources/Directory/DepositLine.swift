internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A login that takes deposits as one line of `pwd.txt.deposits`; moments are in milliseconds since
/// 1970. Of several lines of a name the latest login counts, and of one login the last line.
///
///     name=bob kvno=3 login=<moment> until=<moment> mailbox=<name or ->
///     key=<base64> issued=<moment> expires=<moment> keykvno=3 signature=<base64>
///     ticketkey=sealed:<base64> sum=<16 hexadecimal digits>
struct DepositLine: Hashable {
  let record: DepositRecord

  init(_ record: DepositRecord) { self.record = record }

  /// The line without its newline.
  var text: String {
    let fields = [
      "name=\(record.name)",
      "kvno=\(record.keyVersion)",
      "login=\(record.loginTime.milliseconds)",
      "until=\(record.until.milliseconds)",
      "mailbox=\(record.mailbox?.description ?? "-")",
      loginKeyFields(record.loginKey, sealedTicketKey: record.sealedTicketKey),
    ]
    return ChecksummedLine.text(fields.joined(separator: " "))
  }

  /// Reads a line without its newline.
  init(_ line: RawSpan) throws(LineFault) {
    try ChecksummedLine.check(line)
    var reader = LineReader(try ChecksummedLine.fields(line))
    let name = try reader.name("name")
    let keyVersion = try reader.number("kvno", as: UInt32.self)
    let loginTime = try reader.moment("login")
    let until = try reader.moment("until")
    let mailbox = try reader.optionalName("mailbox")
    let (loginKey, sealedTicketKey) = try reader.loginKeys()
    try reader.finish()
    record = DepositRecord(
      name: name, keyVersion: keyVersion, loginTime: loginTime, until: until, mailbox: mailbox,
      loginKey: loginKey, sealedTicketKey: sealedTicketKey)
  }
}
