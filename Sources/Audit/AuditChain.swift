public import Cryptography
internal import SecretMemory
internal import Wire

/// The end of an audit file, where records are added: each has a MAC over its number, the MAC
/// before it, and itself, under a key that is erased as soon as that is done (AUDIT.md, 3).
public struct AuditChain: ~Copyable, Sendable {
  private var key: AuditKey
  /// The MAC of the record before; zeros for the first one.
  private(set) var mac: [UInt8]
  /// The hash chain over all lines so far; zeros for the first one.
  private(set) var head: [UInt8]
  /// The KDC's; checkpoints are signed under it.
  public var identity: VerifyingKey

  /// How many records there are, and the number of the next one.
  public var count: UInt64 { key.number }

  /// Goes on where `state` is.
  ///
  /// - Parameter identity: the KDC's.
  public init(_ state: borrowing AuditState, identity: VerifyingKey) {
    key = AuditKey(state.key.duplicate(), of: state.count)
    mac = state.mac
    head = state.head
    self.identity = identity
  }

  /// Adds a record to `output`, as a line with its newline.
  ///
  /// - Parameter members: what is in the object between its number and its MAC, as JSON: the time
  ///   first, then the event.
  public mutating func seal(_ members: [UInt8], into output: inout [UInt8]) {
    let start = output.count
    let number = key.number
    output += AuditRecord.start
    output += String(number).utf8
    output.append(UInt8(ascii: ","))
    output += members
    let macKey = key.next()
    mac = AuditRecord.mac(
      of: output[start...], number: number, after: mac, under: macKey.bytes)
    AuditRecord.appendTail(mac: mac, to: &output)
    head = AuditRecord.head(after: head, line: output.bytes.extracting(start..<output.count))
    output.append(UInt8(ascii: "\n"))
  }

  /// Adds the first record of a file, which says what the chain was before it: so a file can be
  /// verified when those before it are gone.
  ///
  /// - Parameter members: as for other records.
  public mutating func sealBeginning(_ members: [UInt8], into output: inout [UInt8]) {
    seal(members + AuditLink(mac: mac, head: head).members, into: &output)
  }

  /// Adds a checkpoint: the KDC's signature over all that is before it.
  ///
  /// - Parameters:
  ///   - time: as RFC 3339 writes it, with milliseconds.
  ///   - sign: signs with the identity key.
  public mutating func sealCheckpoint(
    time: String, into output: inout [UInt8], sign: (RawSpan) -> [UInt8]
  ) {
    let content = AuditCheckpoint.content(number: key.number, head: head, identity: identity)
    var members = [UInt8](#""time":"\#(time)","event":"checkpoint","head":""#.utf8)
    Hexadecimal.append(head, to: &members)
    members += #"","signature":""#.utf8
    Hexadecimal.append(sign(content.bytes), to: &members)
    members.append(UInt8(ascii: "\""))
    seal(members, into: &output)
  }

  /// Takes over a record that was written under this chain's key before a crash.
  ///
  /// - Parameter line: without its newline.
  /// - Returns: false, and nothing has changed, when it is no such record.
  public mutating func adopt(_ line: [UInt8]) -> Bool {
    guard let record = AuditRecord(line), record.number == key.number else { return false }
    var next = AuditKey(key.secret.duplicate(), of: key.number)
    let macKey = next.next()
    let expected = record.mac(after: mac, under: macKey.bytes)
    guard equalInConstantTime(expected.bytes, record.mac.bytes) else { return false }
    key = consume next
    mac = record.mac
    head = AuditRecord.head(after: head, line: line.bytes)
    return true
  }

  /// What has to be kept to go on from here.
  ///
  /// - Parameters:
  ///   - length: of the file with all records so far, in bytes; 0: the next record begins a file.
  ///   - hasEnded: whether no record follows before the next start.
  public func state(length: UInt64, hasEnded: Bool = false) -> AuditState {
    AuditState(
      count: count, length: length, hasEnded: hasEnded, mac: mac, head: head,
      key: key.secret.duplicate())
  }
}
