internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
internal import Transport
internal import Wire

/// A connection to a peer and the session on it.
struct PeerConnection: ~Copyable {
  /// The longest time without a byte in either direction.
  static let stallLimit = Interval.seconds(60)

  let stream: StreamConnection
  var session: PeerSession

  /// Sends a message as a record of the session.
  mutating func send(_ message: RawSpan) throws(ClientFailure) {
    do {
      let record = try session.seal(message)
      try stream.sendPeerFrame(.record, payload: record.bytes, stallLimit: Self.stallLimit)
    } catch {
      throw Self.broken("\(error)")
    }
  }

  /// Receives the next record of the session.
  mutating func receive(
    stallLimit: Interval = PeerConnection.stallLimit
  ) throws(ClientFailure) -> SecretBytes {
    do {
      let frame = try stream.receivePeerFrame(stallLimit: stallLimit)
      guard frame.type == .record else { throw TransportFailure.malformedFrame }
      return try session.open(frame.payload.bytes)
    } catch let error as TransportFailure {
      throw Self.broken(error.description)
    } catch {
      throw Self.broken("The other end sent something that does not verify.")
    }
  }

  /// - Parameter isPassing: whether a second try may go better.
  static func broken(_ reason: String, isPassing: Bool = true) -> ClientFailure {
    ClientFailure(
      .transferBroken, "The transfer broke off. \(reason) Send the file again.",
      isPassing: isPassing)
  }
}
