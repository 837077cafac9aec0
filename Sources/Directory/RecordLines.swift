public import KeyDistribution
internal import SecretMemory
public import Wire

/// Records as the lines that the files have of them: form, checksum and all. For whoever keeps or
/// carries them elsewhere.
public enum RecordLines {
  /// The record of a line whose digest is sealed; nil for anything else.
  public static func user(_ line: RawSpan) -> UserRecord? {
    guard let user = try? UserLine(line), !user.isPlain else { return nil }
    return user.record
  }

  public static func user(_ line: String) -> UserRecord? {
    let bytes = [UInt8](line.utf8)
    return user(bytes.bytes)
  }

  public static func presence(_ line: RawSpan) -> PresenceRecord? {
    guard case .announced(let record)? = try? PresenceLine(line) else { return nil }
    return record
  }

  public static func deposits(_ line: RawSpan) -> DepositRecord? {
    (try? DepositLine(line))?.record
  }

  public static func text(of record: UserRecord) -> String { UserLine.text(record) }

  public static func text(of record: PresenceRecord) -> String {
    PresenceLine.announced(record).text
  }

  public static func text(of record: DepositRecord) -> String { DepositLine(record).text }

  /// One line, or two where it is spent.
  public static func texts(of invitation: InvitationState) -> [String] {
    let made = InvitationLine.made(invitation.record).text
    guard let user = invitation.user else { return [made] }
    return [made, InvitationLine.spent(hash: invitation.record.hash, user).text]
  }

  /// An address as `NetworkAddress.description` writes it.
  public static func address(_ text: String) -> NetworkAddress? { networkAddress(text[...]) }
}
