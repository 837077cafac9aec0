internal import Cryptography
internal import DurableFiles
internal import MailboxService
internal import SecretMemory
internal import Wire

/// What a file of the spool begins with: whose it is, for whom, and how much there is to come.
struct DepositHead: Hashable, Sendable {
  private static let magic = [UInt8]("trent mailbox deposit v1\n".utf8)
  static let byteCount =
    magic.count + 2 * PrincipalName.paddedByteCount + DepositID.byteCount + 8

  /// So much of its hash is in the name of a file that grows.
  private static let hashByteCount = 16

  let reservation: Reservation

  init(_ reservation: Reservation) { self.reservation = reservation }

  init(_ bytes: RawSpan) throws(WireError) {
    var reader = ByteReader(bytes)
    guard try reader.bytes(Self.magic.count) == Self.magic else { throw .invalid("first line") }
    let (sender, receiver) = (try reader.name(), try reader.name())
    reservation = Reservation(
      sender: sender, receiver: receiver, id: try reader.depositID(),
      byteCount: try reader.uint64())
    try reader.finish()
  }

  func encoded() -> [UInt8] {
    var head = ByteWriter()
    head.bytes(Self.magic.bytes)
    head.name(reservation.sender)
    head.name(reservation.receiver)
    head.bytes(reservation.id.bytes.bytes)
    head.uint64(reservation.byteCount)
    return head.publicBytes()
  }

  /// The name of the file while it grows. One of another life of the machine has another name: what
  /// was not awaited from the disk may not be there after a power cut, and looks as if it were.
  ///
  /// - Parameter boot: a life of the machine.
  func partialName(in boot: String) -> String {
    let head = encoded()
    return "\(Hexadecimal.encode(SHA256.hash(head.bytes).prefix(Self.hashByteCount))).\(boot)"
  }

  /// Whether `partialName` can have made a name, of whatever head.
  static func isPartialName(_ name: String) -> Bool {
    let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 && Hexadecimal.decode(parts[0].utf8)?.count == hashByteCount
  }
}
