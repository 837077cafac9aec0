public import Cryptography
internal import FileTransfer
public import KeyDistribution
public import SecretMemory
internal import Transport
public import Wire

/// A connection to a peer and the session on it. It is closed when its owner lets go.
///
/// Each call blocks. Whichever fails, the session is of no more use.
public struct PeerConnection: ~Copyable {
  /// The longest time without a byte in either direction.
  public static let stallLimit = Interval.seconds(60)

  let stream: StreamConnection
  var session: PeerSession

  /// The other end, who has proven to be that.
  public var peer: TrustedPeer { session.peer }

  /// What both ends know this session by, 32 bytes: what `ChunkSealer` and `ChunkOpener` bind a
  /// file to.
  public var handshakeHash: [UInt8] { session.handshakeHash }

  /// Sends a message of at most `PeerSession.recordLimit` bytes as a record of the session.
  public mutating func send(_ message: RawSpan) throws(ClientFailure) {
    do {
      let record = try session.seal(message)
      try stream.sendPeerFrame(.record, payload: record.bytes, stallLimit: Self.stallLimit)
    } catch {
      throw Self.broken("\(error)")
    }
  }

  /// Sends a sealed chunk (F3), which is no record: its own key is told in an offer.
  public func send(_ chunk: borrowing BulkText, isLast: Bool) throws(ClientFailure) {
    do {
      try stream.sendPeerFrame(
        isLast ? .lastChunk : .chunk, payload: chunk.bytes, stallLimit: Self.stallLimit)
    } catch {
      throw Self.broken(error.description)
    }
  }

  /// Receives the next record of the session.
  ///
  /// - Parameter stallLimit: how long the other end may say nothing.
  public mutating func receive(
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
