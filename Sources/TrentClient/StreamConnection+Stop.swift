internal import Transport
internal import Wire

extension StreamConnection {
  /// Fills a buffer, unless it is time to end.
  ///
  /// - Parameter stallLimit: the longest time without a byte.
  func fill(
    _ buffer: inout MutableRawSpan, stallLimit: Interval, until stop: any Stop
  ) throws {
    var done = 0
    while done < buffer.byteCount {
      var rest = buffer._mutatingExtracting(done..<buffer.byteCount)
      if let received = try readAvailable(into: &rest) {
        guard received > 0 else { throw TransportFailure.closedByPeer }
        done += received
        continue
      }
      let ready = try Polling.wait(
        for: [
          Polling.Interest(descriptor, .readable), Polling.Interest(stop.descriptor, .readable),
        ], until: .after(stallLimit))
      if ready.contains(where: { $0.descriptor == stop.descriptor }) { try stop.check() }
      guard !ready.isEmpty else { throw TransportFailure.timedOut }
    }
  }
}
