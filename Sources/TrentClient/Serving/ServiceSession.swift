internal import KeyDistribution
public import SecretMemory
internal import Transport
public import Wire

/// A session with somebody who has asked for it with a ticket for this service, and has proven to
/// be there. Who that is, the ticket says, and nothing else.
public struct ServiceSession: ~Copyable {
  /// How much to read past of what comes after the last word.
  private static let wasteLimit = 64 << 20

  private let connection: HalfOpenConnection
  private var session: PeerSession
  /// The first record, which has come already.
  private var first: SecretBytes?
  private let stop: any Stop

  init(
    _ session: consuming PeerSession, first: consuming SecretBytes,
    on connection: HalfOpenConnection, stop: any Stop
  ) {
    self.session = session
    self.first = .some(first)
    self.connection = connection
    self.stop = stop
  }

  /// Who has asked for the session.
  public var peer: PrincipalName { session.peer.name }

  /// What is left of it for who has to turn the peer away after all.
  consuming func withdrawn() -> PeerSession { session }

  /// The next record. Ends with a failure when none comes for a minute, or when the service ends.
  public mutating func receive() throws(ClientFailure) -> SecretBytes {
    if let first = first.take() { return first }
    do {
      let start = try bytes(PeerFrameHeader.byteCount)
      let header = try PeerFrameHeader(start.bytes)
      guard header.type == .record else { throw TransportFailure.malformedFrame }
      let record = try bytes(header.payloadCount)
      return try session.open(record.bytes)
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw ClientFailure(.transferBroken, "The session with \(peer) broke off: \(error)")
    }
  }

  private func bytes(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var elements = bytes.mutableSpan
    var buffer = unsafe elements.mutableBytes
    try connection.stream.fill(&buffer, stallLimit: PeerConnection.stallLimit, until: stop)
    return bytes
  }

  /// Sends a record of at most `PeerSession.recordLimit` bytes.
  public mutating func send(_ message: RawSpan) throws(ClientFailure) {
    do {
      let record = try session.seal(message)
      try connection.stream.sendPeerFrame(
        .record, payload: record.bytes, stallLimit: PeerConnection.stallLimit)
    } catch {
      throw ClientFailure(.transferBroken, "The session with \(peer) broke off: \(error)")
    }
  }

  /// Lets the other end read what it was told.
  public consuming func end() {
    connection.stream.sayGoodbye(byteLimit: Self.wasteLimit, until: stop)
  }
}
