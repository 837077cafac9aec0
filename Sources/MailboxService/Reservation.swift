public import Wire

/// Room for a deposit whose bytes are on their way: of one sender, for one receiver, just that.
public struct Reservation: Hashable, Sendable {
  public let sender: PrincipalName
  public let receiver: PrincipalName
  public let id: DepositID
  public let byteCount: UInt64

  public init(
    sender: PrincipalName, receiver: PrincipalName, id: DepositID, byteCount: UInt64
  ) {
    self.sender = sender
    self.receiver = receiver
    self.id = id
    self.byteCount = byteCount
  }
}
